// SPDX-License-Identifier: MIT
#include "process/log_file.h"

#include <fcntl.h>

namespace roll {

Fd open_log(const std::string& path) {
  constexpr mode_t kForItsGroup = 0640;
  return Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, kForItsGroup));
}

}  // namespace roll
