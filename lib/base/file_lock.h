// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// An exclusive flock(2) on a file. It dies with its holder, however that dies; a file left behind locks
// nobody out. Only on local file systems. The file itself stays; whoever holds it may remove it.
class FileLock {
 public:
  // Nothing when somebody else holds it. The file is created (0600) where it is missing. Never blocks.
  static Result<std::optional<FileLock>> try_acquire(const std::string& path);

  // What the last holder wrote with describe_holder(); empty where there is nothing, or no file. Needs no
  // lock.
  static Result<std::string> read_holder(const std::string& path);

  // Replaces the file's text, which others read while it is held.
  Status describe_holder(const std::string& text);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace rollctl
