// SPDX-License-Identifier: MIT
#include "steering/migration_trial.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <vector>

#include "base/fd.h"
#include "net/listen_socket.h"
#include "net/tcp_connect.h"

namespace rollctl {

namespace {

constexpr int kClients = 16;
constexpr int kPatienceMs = 300;  // a connection takes microseconds
constexpr int kNoticeMs = 100;    // the wake-up comes within the close() of the other listener

Result<Fd> listen_at(const Endpoint& endpoint) {
  ListenAddress address;
  address.host = ListenAddress::Host::Ip;
  address.endpoint = endpoint;
  auto listener = open_listener(address);
  if (!listener) return listener;
  if (Status set = set_nonblocking(listener->get()); !set) return fail(set.error());
  return listener;
}

Result<Fd> connect_to(const Endpoint& target) {
  auto client = open_client({target.ip, 0});
  if (!client) return client;
  if (Status begun = begin_connect(client->get(), target); !begun) return fail(begun.error());
  pollfd connected{client->get(), POLLOUT, 0};
  if (::poll(&connected, 1, kPatienceMs) != 1)
    return fail(ErrorKind::Failed, "a client's connection was not answered");
  if (Status outcome = connect_outcome(client->get(), target); !outcome) return fail(outcome.error());
  return client;
}

}  // namespace

Result<MigrationTrial> try_to_migrate() {
  const Fd events(::epoll_create1(EPOLL_CLOEXEC));
  auto closing = listen_at({IpAddress::v4(INADDR_LOOPBACK), 0});
  if (!closing) return fail(closing.error());
  const auto target = local_endpoint(closing->get());
  if (!target) return fail(target.error());
  std::vector<Fd> clients;
  for (int i = 0; i < kClients; ++i) {
    auto client = connect_to(*target);
    if (!client) return fail(client.error());
    clients.push_back(std::move(*client));
  }
  const auto staying = listen_at(*target);
  if (!staying) return fail(staying.error());
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(events.get(), EPOLL_CTL_ADD, staying->get(), &event) != 0)
    return fail(last_os_failure("cannot wait for connections"));
  closing->reset();
  MigrationTrial trial{kClients, 0, false};
  // On a busy host the last packet of a handshake is handled late: that connection is moved when it comes.
  while (trial.moved < trial.clients && ::epoll_wait(events.get(), &event, 1, kNoticeMs) == 1) {
    trial.noticed = true;
    while (Fd(::accept4(staying->get(), nullptr, nullptr, SOCK_CLOEXEC))) ++trial.moved;
  }
  // Without a wake-up they may be there all the same.
  while (Fd(::accept4(staying->get(), nullptr, nullptr, SOCK_CLOEXEC))) ++trial.moved;
  return trial;
}

}  // namespace rollctl
