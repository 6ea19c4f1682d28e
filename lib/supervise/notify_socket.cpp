// SPDX-License-Identifier: MIT
#include "supervise/notify_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace roll {

namespace {

// A sender that never stops must not keep the rest of the loop waiting.
constexpr int kMostAtOnce = 64;
constexpr size_t kMaxDatagram = 4096;

// The sender; descriptors that came along (FDSTORE=1, BARRIER=1) are closed: that is what a barrier waits
// for.
pid_t sender_of(msghdr& header) {
  pid_t sender = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_CREDENTIALS && part->cmsg_len >= CMSG_LEN(sizeof(ucred))) {
      ucred credentials{};
      std::memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
      sender = credentials.pid;
    }
    if (part->cmsg_type != SCM_RIGHTS) continue;
    for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= part->cmsg_len; at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
      ::close(fd);
    }
  }
  return sender;
}

}  // namespace

Result<std::unique_ptr<NotifySocket>> NotifySocket::create(Loop& loop, const std::string& path,
                                                           IsOurs is_ours, OnMessage on_message) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::Invalid, "cannot listen on " + path + ": the path is longer than the " +
                                        std::to_string(sizeof address.sun_path - 1) +
                                        " bytes that a socket's may have");
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail(last_os_failure("cannot make a socket"));
  const int yes = 1;
  ::unlink(path.c_str());
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) != 0 ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      // The server may be another user, and its workers yet another.
      ::chmod(path.c_str(), 0666) != 0)
    return fail(last_os_failure("cannot listen on " + path));
  std::unique_ptr<NotifySocket> self(
      new NotifySocket(std::move(socket), std::move(is_ours), std::move(on_message)));
  self->readable_ = loop.on_readable(self->socket_.get(), [raw = self.get()] { raw->read(); });
  return self;
}

void NotifySocket::read() {
  for (int i = 0; i < kMostAtOnce && read_one(); ++i) {
  }
}

// False when there is none.
bool NotifySocket::read_one() {
  char text[kMaxDatagram];
  constexpr size_t kMostFds = 253;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(kMostFds * sizeof(int))];
  iovec part{text, sizeof text};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t size = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
  if (size < 0) return errno == EINTR;
  if (is_ours_(sender_of(header)) && (header.msg_flags & MSG_TRUNC) == 0)
    on_message_(parse_notify(std::string_view(text, static_cast<size_t>(size))));
  return true;
}

}  // namespace roll
