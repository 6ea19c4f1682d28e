// SPDX-License-Identifier: MIT
#include "app/followed_output.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rollctl {

FollowedOutput::FollowedOutput(Loop& loop, const Sink& sink) : sink_(sink) {
  struct stat info{};
  if (::fstat(STDOUT_FILENO, &info) != 0 || (!S_ISFIFO(info.st_mode) && !S_ISSOCK(info.st_mode))) return;
  // The write end of a pipe never becomes readable: an event means that the reader has closed it.
  end_ = loop.on_readable(STDOUT_FILENO, [this] { look(); });
}

// A socket may have data that rollctl never reads; the watch ends so that it does not fire forever.
void FollowedOutput::look() {
  pollfd output{STDOUT_FILENO, 0, 0};
  closed_ = ::poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
  end_.reset();
}

}  // namespace rollctl
