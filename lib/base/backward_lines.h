// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace rollctl {

// Reads lines backward from a file, without their '\n', 64 KiB at a time and no further than needed. Skips
// lines longer than 1 MiB.
class BackwardLines {
 public:
  // Reads the bytes from `begin` to `end`. `fd` is borrowed.
  BackwardLines(int fd, off_t begin, off_t end) : fd_(fd), begin_(begin), unread_(end) {}

  // The previous line, valid until the next call; nothing at `begin` or on a read error.
  std::optional<std::string_view> next();

  // The errno of the failed read; 0 if none failed.
  [[nodiscard]] int os_error() const { return os_error_; }

 private:
  bool read_block();

  int fd_;
  off_t begin_;
  off_t unread_;      // end of the bytes not read yet
  std::string text_;  // the bytes from unread_ on
  size_t end_ = 0;    // end of the bytes in text_ not returned yet
  bool overlong_ = false;
  int os_error_ = 0;
};

}  // namespace rollctl
