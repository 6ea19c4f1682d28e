// SPDX-License-Identifier: MIT
#include "supervise/notify_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rollctl {

namespace {

// A bound, so that a busy sender does not starve the rest of the loop.
constexpr int kMostAtOnce = 64;
constexpr size_t kMaxDatagram = 4096;

NotifySocket::Sender sender_of(msghdr& header) {
  const cmsghdr* part = CMSG_FIRSTHDR(&header);
  if (part == nullptr || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_CREDENTIALS ||
      part->cmsg_len < CMSG_LEN(sizeof(ucred)))
    return {};
  ucred credentials{};
  std::memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
  return {credentials.pid, credentials.uid};
}

}  // namespace

NotifySocket::NotifySocket(Loop& loop, Fd socket, IsOurs is_ours, OnMessage on_message)
    : loop_(loop),
      socket_(std::move(socket)),
      is_ours_(std::move(is_ours)),
      on_message_(std::move(on_message)),
      discarder_(loop, socket_.get(), [this] { watch(); }) {}

Result<std::unique_ptr<NotifySocket>> NotifySocket::create(Loop& loop, const std::string& path,
                                                           std::optional<uid_t> user, IsOurs is_ours,
                                                           OnMessage on_message) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::Invalid, "cannot listen on " + path + ": the path of a socket may have " +
                                        std::to_string(sizeof address.sun_path - 1) +
                                        " bytes, this one has " + std::to_string(path.size()));
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail(last_os_failure("cannot make a socket for " + path));
  const int yes = 1;
  constexpr mode_t kEverybody = 0666;
  constexpr mode_t kOwner = 0600;
  ::unlink(path.c_str());
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) != 0 ||
      ::fchmod(socket.get(), 0) != 0 ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      (user && *user != ::geteuid() && ::chown(path.c_str(), *user, static_cast<gid_t>(-1)) != 0) ||
      ::chmod(path.c_str(), user ? kOwner : kEverybody) != 0)
    return fail(last_os_failure("cannot listen on " + path));
  std::unique_ptr<NotifySocket> self(
      new NotifySocket(loop, std::move(socket), std::move(is_ours), std::move(on_message)));
  self->watch();
  return self;
}

void NotifySocket::watch() {
  readable_ = loop_.on_readable(socket_.get(), [this] { read(); });
}

void NotifySocket::read_now() {
  if (readable_) read();
}

void NotifySocket::read() {
  for (int i = 0; i < kMostAtOnce && read_one(); ++i) {
  }
}

// Peeks before it receives. The control buffer holds the sender's credentials only, which come first
// (scm_recv(), net/core/scm.c): so no descriptor is received, and MSG_CTRUNC tells that the datagram carries
// some. False when nothing more can be read now.
bool NotifySocket::read_one() {
  char text[kMaxDatagram];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  iovec part{text, sizeof text};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t size = ::recvmsg(socket_.get(), &header, MSG_PEEK | MSG_DONTWAIT);
  if (size < 0) return errno == EINTR;
  const Sender sender = sender_of(header);
  if ((header.msg_flags & MSG_TRUNC) == 0 && is_ours_(sender.pid))
    on_message_(parse_notify(std::string_view(text, static_cast<size_t>(size))), sender);
  if ((header.msg_flags & MSG_CTRUNC) == 0) {
    (void)::recv(socket_.get(), text, 0, MSG_DONTWAIT);
    return true;
  }
  readable_.reset();
  discarder_.discard_next();
  return false;
}

}  // namespace rollctl
