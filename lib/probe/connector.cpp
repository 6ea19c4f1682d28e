// SPDX-License-Identifier: MIT
#include "probe/connector.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "net/tcp_connect.h"
#include "probe/attempt.h"

namespace rollctl {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";

Connector::Outcome refusal(std::string detail, ProbeResult::Retry retry) {
  return {Fd(), ProbeResult{ProbeAnswer::NotReady, std::move(detail), retry}};
}

socklen_t to_sockaddr(const ProbeAddress& address, sockaddr_storage& storage) {
  if (address.unix_path.empty()) return address.endpoint.to_sockaddr(storage);
  auto* local = reinterpret_cast<sockaddr_un*>(&storage);
  local->sun_family = AF_UNIX;
  std::memcpy(local->sun_path, address.unix_path.c_str(), address.unix_path.size() + 1);
  return sizeof *local;
}

// Since Linux 6.16 (include/uapi/asm-generic/socket.h).
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

// Refuses descriptors that a server may send with its answer: closing one can block
// (lib/supervise/README.md). Earlier kernels have no such option.
void refuse_descriptors(int socket) {
  const int no = 0;
  (void)::setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof no);
}

}  // namespace

Result<ProbeAddress> ProbeAddress::parse(std::string_view text) {
  ProbeAddress address;
  if (text.starts_with(kUnixPrefix)) {
    address.unix_path = text.substr(kUnixPrefix.size());
    if (!address.unix_path.starts_with('/'))
      return fail(ErrorKind::Invalid,
                  fmt::format("'{}' is not an address to ask: the path is not absolute", text));
    if (address.unix_path.size() >= sizeof(sockaddr_un::sun_path))
      return fail(ErrorKind::Invalid,
                  fmt::format("'{}' is not an address to ask: a socket's path has at most {} bytes", text,
                              sizeof(sockaddr_un::sun_path) - 1));
    return address;
  }
  const auto tcp = ListenAddress::parse(text);
  if (!tcp)
    return fail(ErrorKind::Invalid, fmt::format("'{}' is not an address to ask", text),
                "HOST:PORT with a numeric host, or unix:PATH, for example 127.0.0.1:{probe_port}");
  address.endpoint = tcp->connect_endpoint(Endpoint{IpAddress::v4(INADDR_ANY), tcp->endpoint.port});
  return address;
}

void Connector::start(const ProbeSpec& spec, const ProbeSubject& subject, TimePoint deadline,
                      std::string_view opening, Done done) {
  opening_ = opening;
  done_ = std::move(done);
  if (!spec.address.empty()) {
    target_ = spec.address;
    const auto address = ProbeAddress::parse(spec.address);
    if (!address) return done_(refusal(address.error().message, ProbeResult::Retry::AtInterval));
    if (spec.answers == ProbeSpec::Answers::OfTheInstance)
      ownership_.emplace(subject.instance, subject.server());
    if (ownership_ && address->unix_path.empty() && !find_own_listeners(address->endpoint)) return;
    return connect_directly(*address);
  }
  const auto shared = subject.shared_port();
  if (!shared) return done_(refusal(not_listening_text(spec), ProbeResult::Retry::Soon));
  target_ = shared->text();
  aimed_ = steering_.connect(loop_, subject.instance, *shared, deadline, opening, [this](Result<Fd> socket) {
    if (socket) return done_({std::move(*socket), {}});
    ProbeResult result = result_of(socket.error());
    if (socket.error().kind == ErrorKind::NotPermitted) result.answer = ProbeAnswer::Impossible;
    done_({Fd(), std::move(result)});
  });
}

// Does not connect where another process listens. False after a refusal.
bool Connector::find_own_listeners(const Endpoint& endpoint) {
  auto listeners = ownership_->listeners_at(endpoint);
  if (!listeners) {
    done_({Fd(), result_of(listeners.error())});
    return false;
  }
  own_listeners_ = std::move(*listeners);
  if (own_listeners_.empty()) refused(ECONNREFUSED);
  return !own_listeners_.empty();
}

// While a listener of the instance stands, no other process can listen there. So if the listeners are the
// same as before the connect, one of them took the connection.
Status Connector::check_connected() {
  if (!ownership_) return {};
  if (own_listeners_.empty()) return ownership_->check_peer(socket_.get(), target_);
  const auto endpoint = remote_endpoint(socket_.get());
  if (!endpoint) return fail(endpoint.error());
  const auto listeners = ownership_->listeners_at(*endpoint);
  if (!listeners) return fail(listeners.error());
  if (*listeners == own_listeners_) return {};
  return fail(ErrorKind::Failed, "the sockets that listen on " + target_ + " changed while it was asked");
}

void Connector::connect_directly(const ProbeAddress& address) {
  sockaddr_storage storage{};
  const socklen_t length = to_sockaddr(address, storage);
  socket_ = Fd(socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return done_({Fd(), result_of(last_os_failure("cannot connect to " + target_))});
  if (storage.ss_family == AF_UNIX) refuse_descriptors(socket_.get());
  if (connect(socket_.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0) return connected();
  if (errno != EINPROGRESS) return refused(errno);
  writable_ = loop_.on_writable(socket_.get(), [this] {
    writable_.reset();
    int os_error = 0;
    socklen_t size = sizeof os_error;
    if (getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &os_error, &size) < 0) os_error = errno;
    if (os_error == 0)
      connected();
    else
      refused(os_error);
  });
}

void Connector::connected() {
  if (const Status checked = check_connected(); !checked) return done_({Fd(), result_of(checked.error())});
  if (const Status sent = send_opening(socket_.get(), opening_); !sent)
    return done_({Fd(), result_of(sent.error())});
  done_({std::move(socket_), {}});
}

void Connector::refused(int os_error) {
  // Nothing listens yet: asking again soon costs the server nothing.
  if (os_error == ECONNREFUSED)
    return done_(refusal("connection refused by " + target_, ProbeResult::Retry::Soon));
  const auto retry = os_error == ENOENT ? ProbeResult::Retry::Soon : ProbeResult::Retry::AtInterval;
  done_(refusal(fmt::format("cannot connect to {}: {}", target_, os_error_text(os_error)), retry));
}

}  // namespace rollctl
