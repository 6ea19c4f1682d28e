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

// The users that are trusted.
enum class Trust {
  Root,       // only root
  RootAndUs,  // root, this process's user, and the caller of sudo(8)
};

bool is_trusted(uid_t owner, Trust trust);

// An untrusted user or group that can redirect a path: it owns a folder on the path or may write into one. In
// a folder with the sticky bit, it must own the next entry.
struct UntrustedWriter {
  enum class Kind { User, Group, Anybody };
  Kind kind = Kind::User;
  uint32_t id = 0;          // uid or gid
  uid_t let_in_by = 0;      // Group: the owner of that folder
  std::string where;        // that folder; below a sticky one, the entry
  bool could_read = false;  // the modes of the later folders and of the file let it read the file

  // "user 33 (www-data)", "group 50 (staff)", "everybody".
  [[nodiscard]] std::string name() const;
};

struct WalkedPath {
  Fd entry;  // opened with O_PATH
  struct stat info{};
  std::vector<UntrustedWriter> untrusted;
};

// Resolves a path as the kernel does, following links, and lists the untrusted users who could redirect it.
// Opens everything with O_PATH, so no FIFO or device is touched. An error names the failing part of the path.
Result<WalkedPath> walk_path(const std::string& path, Trust trust = Trust::RootAndUs);

}  // namespace rollctl
