// SPDX-License-Identifier: MIT
#include "notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"

namespace rollctl::stub {
namespace {

void send_message(NotifyWay way, std::string_view path, std::string_view message) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';
  auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(socket.get(), reinterpret_cast<sockaddr*>(&address), length) < 0) return;
  if (way == NotifyWay::Silent) return;
  send(socket.get(), message.data(), message.size(), MSG_NOSIGNAL);
}

}  // namespace

void notify(NotifyWay way, std::string_view message) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return;
  if (way != NotifyWay::FromChild) return send_message(way, path, message);
  pid_t child = fork();
  if (child == 0) {
    send_message(way, path, message);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}

}  // namespace rollctl::stub
