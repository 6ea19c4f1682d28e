// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// Users whose doings count as one's own.
enum class Trust {
  Root,       // root alone
  RootAndUs,  // root, this process's user, and who called sudo(8)
};

bool is_trusted(uid_t owner, Trust trust);

// Somebody who is not trusted and can decide where a path leads: a folder on its way is his, or he may write
// into it. In a folder with the sticky bit each can only do so to what is his own.
struct Steerer {
  enum class Kind { User, Group, Anybody };
  Kind kind = Kind::User;
  uint32_t id = 0;          // of the user or group
  uid_t let_in_by = 0;      // Group: the owner of that folder
  std::string where;        // that folder or, below a sticky one, what is his
  bool could_read = false;  // also by himself: the modes of the folders since, and of the file, let him

  // "user 33 (www-data)", "group 50 (staff)", "everybody".
  [[nodiscard]] std::string name() const;
};

struct WalkedPath {
  Fd entry;  // O_PATH: looked at, and not opened
  struct stat info{};
  std::vector<Steerer> steerers;
};

// Goes along a path as the kernel does, links followed, and notes who could have led it elsewhere. Opens
// nothing but folders, and these by O_PATH: neither a FIFO nor a device notices. The error names the part of
// the path that it is about.
Result<WalkedPath> walk_path(const std::string& path, Trust trust = Trust::RootAndUs);

}  // namespace rollctl
