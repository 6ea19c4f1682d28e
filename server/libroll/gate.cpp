// SPDX-License-Identifier: MIT
#include "libroll/gate.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

namespace roll {

std::optional<ServerFailure> Gate::take_from_environment() {
  const char* text = std::getenv("ROLL_GATE_FD");
  if (text == nullptr || *text == '\0') return std::nullopt;
  int fd = -1;
  const char* end = text + std::strlen(text);
  auto parsed = std::from_chars(text, end, fd);
  if (parsed.ec != std::errc{} || parsed.ptr != end || fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
    return ServerFailure{EBADF, "ROLL_GATE_FD=" + std::string(text) + " names no open descriptor"};
  }
  fd_ = fd;
  return std::nullopt;
}

bool Gate::open() {
  while (fd_ >= 0) {
    // poll instead of O_NONBLOCK, which would affect all processes that share the open file.
    pollfd readable{fd_, POLLIN, 0};
    if (poll(&readable, 1, 0) != 1) return false;
    char ignored[64];
    ssize_t count = read(fd_, ignored, sizeof ignored);
    if (count > 0 || (count < 0 && errno == EINTR)) continue;
    if (count < 0 && errno == EAGAIN) return false;
    abandon();
  }
  return true;
}

bool Gate::watch(event_base* base, std::function<void()> opened) {
  opened_ = std::move(opened);
  event_.reset(event_new(base, fd_, EV_READ | EV_PERSIST, &Gate::on_readable, this));
  return event_ && event_add(event_.get(), nullptr) == 0;
}

void Gate::on_readable(int, short, void* self) {
  auto* gate = static_cast<Gate*>(self);
  if (gate->open()) gate->opened_();
}

void Gate::abandon() {
  event_.reset();
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace roll
