// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace rollctl {

// Owns one file descriptor; closes it when destroyed. An `int fd` parameter is borrowed, an `Fd` is taken.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read;
  Fd write;
};

enum class Blocking { Yes, No };

// A close-on-exec pipe.
Result<Pipe> make_pipe(Blocking blocking = Blocking::Yes);

// A close-on-exec duplicate.
Result<Fd> duplicate(int fd);

Status set_nonblocking(int fd);

// Writes all of `data`, continuing after short writes and EINTR. Blocks.
Status write_all(int fd, std::string_view data);

// Reads to EOF, at most `limit` bytes; more is an error of kind Invalid. Blocks.
Result<std::string> read_all(int fd, size_t limit);

}  // namespace rollctl
