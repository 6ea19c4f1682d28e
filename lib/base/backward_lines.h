// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace rollctl {

// The lines of a part of a file, the last one first, without their '\n'. No more of it is read than is asked
// for, some 64 KiB at a time. Lines of more than 1 MiB are passed over.
class BackwardLines {
 public:
  // Of the bytes from `begin` to `end`. The descriptor is borrowed.
  BackwardLines(int fd, off_t begin, off_t end) : fd_(fd), begin_(begin), unread_(end) {}

  // Valid until the next call; nothing when there are no more.
  std::optional<std::string_view> next();

  // Of the read that ended it early; 0 where there was none.
  [[nodiscard]] int os_error() const { return os_error_; }

 private:
  bool read_block();

  int fd_;
  off_t begin_;
  off_t unread_;      // the end of what was not read yet
  std::string text_;  // what was read: from unread_ on
  size_t end_ = 0;    // of what was not given yet in it
  bool overlong_ = false;
  int os_error_ = 0;
};

}  // namespace rollctl
