// SPDX-License-Identifier: MIT
#include "base/packet_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rollctl {

namespace {

constexpr int kBacklog = 16;

// A socket address holds 107 bytes. Through /proc/self/fd a folder's path may be longer.
struct ShortPath {
  Fd dir;
  sockaddr_un address{};
};

Result<ShortPath> short_path(const std::string& dir, const std::string& name) {
  ShortPath path;
  path.dir = Fd(::open(dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!path.dir) return fail(last_os_failure("cannot open " + dir));
  path.address.sun_family = AF_UNIX;
  const std::string text = "/proc/self/fd/" + std::to_string(path.dir.get()) + "/" + name;
  if (text.size() >= sizeof path.address.sun_path)
    return fail(os_failure("cannot name the socket " + name, ENAMETOOLONG));
  std::memcpy(path.address.sun_path, text.data(), text.size());
  return path;
}

Result<Fd> packet_socket() {
  Fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(last_os_failure("cannot make a socket"));
  return fd;
}

std::vector<Fd> received_fds(msghdr& header) {
  std::vector<Fd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

Result<Fd> bind_for_packets(const std::string& dir, const std::string& name) {
  auto fd = packet_socket();
  if (!fd) return fd;
  const auto path = short_path(dir, name);
  if (!path) return fail(path.error());
  ::unlink(path->address.sun_path);
  if (::fchmod(fd->get(), 0600) != 0 ||
      ::bind(fd->get(), reinterpret_cast<const sockaddr*>(&path->address), sizeof path->address) != 0)
    return fail(last_os_failure("cannot make the socket " + dir + "/" + name));
  return fd;
}

Status listen_for_packets(int bound) {
  return ::listen(bound, kBacklog) == 0 ? Status() : fail(last_os_failure("cannot listen on a socket"));
}

Result<Fd> listen_for_packets(const std::string& dir, const std::string& name) {
  auto fd = bind_for_packets(dir, name);
  if (!fd) return fd;
  if (Status listens = listen_for_packets(fd->get()); !listens)
    return fail(with_context(listens.error(), dir + "/" + name));
  return fd;
}

Result<Fd> connect_for_packets(const std::string& dir, const std::string& name, Millis timeout) {
  auto fd = packet_socket();
  if (!fd) return fd;
  const auto path = short_path(dir, name);
  if (!path) return fail(path.error());
  // connect() on a unix socket is never "in progress": it waits for the backlog, or returns EAGAIN.
  const timeval bound{timeout.count() / 1000, timeout.count() % 1000 * 1000};
  const int flags = ::fcntl(fd->get(), F_GETFL);
  const bool waits = timeout > Millis(0);
  if (waits && (::setsockopt(fd->get(), SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound) != 0 ||
                ::fcntl(fd->get(), F_SETFL, flags & ~O_NONBLOCK) != 0))
    return fail(last_os_failure("cannot set up a socket"));
  if (::connect(fd->get(), reinterpret_cast<const sockaddr*>(&path->address), sizeof path->address) != 0)
    return fail(last_os_failure("cannot connect to " + dir + "/" + name));
  if (Status set = set_nonblocking(fd->get()); !set) return fail(set.error());
  return fd;
}

Result<std::optional<Fd>> accept_for_packets(int listener) {
  Fd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd) return std::optional<Fd>(std::move(fd));
  if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return std::optional<Fd>();
  return fail(last_os_failure("cannot accept a connection"));
}

Status send_packet(int fd, std::string_view text, std::span<const int> fds) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxPacketFds * sizeof(int))] = {};
  if (fds.size() > kMaxPacketFds)
    return fail(
        os_failure("cannot send " + std::to_string(fds.size()) + " descriptors in one packet", EINVAL));
  if (!fds.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size() * sizeof(int));
  }
  for (;;) {
    if (::sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return {};
    if (errno != EINTR) return fail(last_os_failure("cannot send"));
  }
}

Result<std::optional<Packet>> receive_packet(int fd) {
  const ssize_t size = ::recv(fd, nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
  if (size < 0) {
    if (errno == EAGAIN || errno == EINTR) return std::optional<Packet>();
    if (errno == ECONNRESET) return fail(os_failure("the peer has reset the connection", ENOENT));
    return fail(last_os_failure("cannot receive"));
  }
  if (size == 0) return fail(os_failure("the peer has closed the connection", ENOENT));
  const bool too_long = static_cast<size_t>(size) > kMaxPacketText;
  Packet packet;
  packet.text.resize(too_long ? 1 : static_cast<size_t>(size));
  iovec part{packet.text.data(), packet.text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxPacketFds * sizeof(int))];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t got = ::recvmsg(fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0) return fail(last_os_failure("cannot receive"));
  packet.fds = received_fds(header);
  // Out of descriptors (EMFILE), or more than kMaxPacketFds. The caller notices that they are missing.
  if ((header.msg_flags & MSG_CTRUNC) != 0) packet.fds.clear();
  if (too_long || (header.msg_flags & MSG_TRUNC) != 0)
    return fail(ErrorKind::Invalid, "received a packet that is too long");
  return std::optional<Packet>(std::move(packet));
}

Result<Packet> await_packet(int fd) {
  for (;;) {
    auto packet = receive_packet(fd);
    if (!packet) return fail(packet.error());
    if (*packet) return std::move(**packet);
    pollfd waiting{fd, POLLIN, 0};
    ::poll(&waiting, 1, -1);
  }
}

Status check_peer(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return fail(last_os_failure("cannot read the peer's credentials"));
  if (peer.uid == 0 || peer.uid == ::geteuid()) return {};
  return fail(ErrorKind::NotPermitted,
              "the peer is user " + std::to_string(peer.uid) + ": only root and this user may connect");
}

}  // namespace rollctl
