// SPDX-License-Identifier: MIT
#include "bpf/http_close_trial.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <string>
#include <string_view>

#include "base/address.h"
#include "net/tcp_connect.h"

namespace rollctl {

namespace {

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view kResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view kChanged = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
constexpr size_t kAdded = kChanged.size() - kResponse.size();

struct LoopbackPair {
  Fd client;
  Fd server;
};

Result<Fd> listen_on_loopback() {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!listener || ::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 1) != 0)
    return fail(last_os_failure("cannot listen on 127.0.0.1"));
  return listener;
}

Result<LoopbackPair> connect_to_itself() {
  auto listener = listen_on_loopback();
  if (!listener) return fail(listener.error());
  const auto target = local_endpoint(listener->get());
  if (!target) return fail(target.error());
  sockaddr_storage address{};
  const socklen_t size = target->to_sockaddr(address);
  LoopbackPair pair;
  pair.client = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{1, 0};
  if (!pair.client ||
      ::setsockopt(pair.client.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
      ::setsockopt(pair.client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
      ::connect(pair.client.get(), reinterpret_cast<sockaddr*>(&address), size) != 0)
    return fail(last_os_failure("cannot connect to 127.0.0.1"));
  pair.server = Fd(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!pair.server) return fail(last_os_failure("cannot accept on 127.0.0.1"));
  return pair;
}

Result<std::string> receive(int fd, size_t size) {
  std::string text(size, '\0');
  const ssize_t received = ::recv(fd, text.data(), size, MSG_WAITALL);
  if (received < 0) return fail(last_os_failure("cannot receive from 127.0.0.1"));
  text.resize(static_cast<size_t>(received));
  return text;
}

// The response as the client gets it.
Result<std::string> exchange(const LoopbackPair& pair) {
  if (::send(pair.client.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0)
    return fail(last_os_failure("cannot send to 127.0.0.1"));
  ROLL_TRY(receive(pair.server.get(), kRequest.size()));
  if (::send(pair.server.get(), kResponse.data(), kResponse.size(), MSG_NOSIGNAL) < 0)
    return fail(last_os_failure("cannot send to 127.0.0.1"));
  ROLL_TRY_ASSIGN(std::string received, receive(pair.client.get(), kResponse.size()));
  if (received == kResponse) return received;
  ROLL_TRY_ASSIGN(const std::string rest, receive(pair.client.get(), kAdded));
  return received + rest;
}

// The program passes the first response over where the request came within the clock tick of the connection.
Status compare(const LoopbackPair& pair) {
  ROLL_TRY_ASSIGN(const std::string first, exchange(pair));
  ROLL_TRY_ASSIGN(const std::string second, exchange(pair));
  ROLL_TRY_ASSIGN(const std::string third, exchange(pair));
  const bool is_one_changed =
      (first == kChanged && second == kResponse) || (first == kResponse && second == kChanged);
  if (is_one_changed && third == kResponse) return {};
  return fail(ErrorKind::Unsupported, "a response was not changed as it should be on this kernel",
              "report the version of the kernel");
}

Status try_program(HttpCloseProgram& program) {
  const auto pair = connect_to_itself();
  if (!pair) return fail(pair.error());
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (::getsockopt(pair->server.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0)
    return fail(last_os_failure("cannot read the cookie of a socket"));
  ROLL_TRY(program.add(pair->server.get(), cookie));
  Status changed = compare(*pair);
  program.remove(cookie);
  return changed;
}

}  // namespace

Result<HttpCloseProgram> load_tried_http_close() {
  ROLL_TRY_ASSIGN(HttpCloseProgram program, HttpCloseProgram::load());
  ROLL_TRY(try_program(program));
  return program;
}

}  // namespace rollctl
