// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace rollctl {

// The person or the unit that runs this process.
struct Caller {
  std::string user;  // by name, or by number if it has none
  std::string via;   // the terminal ("pts/3"), else the unit ("rollctl@web.service"); empty: neither

  bool operator==(const Caller&) const = default;
};

// What the kernel and the environment say of a process.
struct CallerTraces {
  std::string login_uid;  // /proc/self/loginuid
  std::string stat;       // /proc/self/stat
  std::string cgroup;     // /proc/self/cgroup
  std::string sudo_user;  // $SUDO_USER; only root's counts, for others can set it to any name
  uid_t uid = 0;          // real
};

// The user who logged in, who stays the same behind su(1) and sudo(8); without a login the one who called
// sudo(8), else the process's real user. `name_of` gives a user's name.
Caller caller_of(const CallerTraces& traces, const std::function<std::string(uid_t)>& name_of);

// The caller of this process. Blocks on the user database.
Caller find_caller();

}  // namespace rollctl
