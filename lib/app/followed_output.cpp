// SPDX-License-Identifier: MIT
#include "app/followed_output.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rollctl {

FollowedOutput::FollowedOutput(Loop& loop, const Sink& sink) : sink_(sink) {
  struct stat info{};
  if (::fstat(STDOUT_FILENO, &info) != 0 || (!S_ISFIFO(info.st_mode) && !S_ISSOCK(info.st_mode))) return;
  // Nothing is ever to be read from the end that is written to: what is told is an error.
  end_ = loop.on_readable(STDOUT_FILENO, [this] { look(); });
}

// Of a socket there may be something to read, and nobody here who would: it would be told for ever.
void FollowedOutput::look() {
  pollfd output{STDOUT_FILENO, 0, 0};
  closed_ = ::poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
  end_.reset();
}

}  // namespace rollctl
