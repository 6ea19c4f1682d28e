// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// An exclusive flock(2) on a file of a local file system. The kernel releases it when its holder dies. The
// file stays; only the holder may remove it.
class FileLock {
 public:
  // Nothing if another process holds it. Creates a missing file (0600). Never blocks.
  static Result<std::optional<FileLock>> try_acquire(const std::string& path);

  // The text that the last holder wrote with describe_holder(); empty if there is none. Needs no lock.
  static Result<std::string> read_holder(const std::string& path);

  // Replaces the file's text for read_holder() of other processes.
  Status describe_holder(const std::string& text);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace rollctl
