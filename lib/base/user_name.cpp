// SPDX-License-Identifier: MIT
#include "base/user_name.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <vector>

namespace rollctl {

std::string user_name(uid_t uid) {
  // Root's name is fixed; the name services are slow.
  if (uid == 0) return "root";
  const passwd* entry = ::getpwuid(uid);
  return entry != nullptr ? entry->pw_name : std::to_string(uid);
}

std::string user_text(uid_t uid) {
  const std::string number = std::to_string(uid);
  const std::string name = user_name(uid);
  return "user " + number + (name == number ? "" : " (" + name + ")");
}

bool is_in_group(uid_t uid, gid_t gid) {
  const passwd* entry = ::getpwuid(uid);
  if (entry == nullptr) return false;
  int count = 32;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  while (::getgrouplist(entry->pw_name, entry->pw_gid, groups.data(), &count) < 0)
    groups.resize(std::max(static_cast<size_t>(count), groups.size() * 2));
  groups.resize(static_cast<size_t>(count));
  return std::find(groups.begin(), groups.end(), gid) != groups.end();
}

}  // namespace rollctl
