// SPDX-License-Identifier: MIT
#include "base/user_name.h"

#include <pwd.h>

namespace roll {

std::string user_name(uid_t uid) {
  // The same everywhere; to ask the name services of the host takes a while.
  if (uid == 0) return "root";
  const passwd* entry = ::getpwuid(uid);
  return entry != nullptr ? entry->pw_name : std::to_string(uid);
}

}  // namespace roll
