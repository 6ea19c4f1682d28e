// SPDX-License-Identifier: MIT
#include "deploy/port_check.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>

#include "config/users.h"
#include "net/listen_socket.h"
#include "state/silent_shims.h"

namespace rollctl {

namespace {

// Instances share an address: a finding about it is reported once.
class Findings {
 public:
  void add(std::string message, std::string hint) {
    for (const Error& finding : errors_)
      if (finding.message == message) return;
    errors_.push_back({ErrorKind::Failed, 0, std::move(message), std::move(hint)});
  }
  void add(std::vector<Error> more) {
    for (Error& error : more) errors_.push_back(std::move(error));
  }
  [[nodiscard]] std::vector<Error> take() { return std::move(errors_); }

 private:
  std::vector<Error> errors_;
};

// The address that the socket is on, else one with its port, else none.
const ListenAddress* nearest_address(const std::vector<ListenAddress>& listen, const ListenSocket& socket) {
  const auto matching = std::find_if(listen.begin(), listen.end(), [&](const ListenAddress& address) {
    return address.matches(socket.bound);
  });
  if (matching != listen.end()) return &*matching;
  const auto on_port = std::find_if(listen.begin(), listen.end(), [&](const ListenAddress& address) {
    return address.endpoint.port == socket.bound.port;
  });
  return on_port != listen.end() ? &*on_port : nullptr;
}

// The user who opens the sockets: the server's, or the shim's where the server inherits them.
Result<ServerUser> opener_of(const AppConfig& config) {
  return config.socket == SocketMode::Inherit ? find_server_user({}, {})
                                              : find_server_user(config.user, config.group);
}

bool has_reuseport(int socket) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &value, &size) != 0 || value != 0;
}

struct OwnSockets {
  std::set<uint32_t> inodes;
  std::set<uint32_t> without_reuseport;
};

Result<OwnSockets> sockets_of_instances(Instances& instances, InstanceSockets& host) {
  OwnSockets sockets;
  ROLL_TRY_ASSIGN(const auto found, instances.discover());
  ROLL_TRY(check_all_answer(found));
  for (const FoundInstance& instance : found) {
    if (instance.presence == Presence::Remains) continue;
    const auto listeners = host.listeners(instance.record.id);
    if (!listeners && listeners.error().kind == ErrorKind::NotFound) continue;
    if (!listeners) return fail(listeners.error());
    for (const Listener& listener : *listeners) {
      sockets.inodes.insert(listener.inode);
      if (!has_reuseport(listener.fd.get())) sockets.without_reuseport.insert(listener.inode);
    }
  }
  return sockets;
}

void check_address(const ListenSocket& socket, const ListenAddress& address, const AppConfig& config,
                   Findings& findings) {
  const bool moves_to_another_wildcard =
      config.socket == SocketMode::Inherit && socket.bound != endpoint_to_open(address);
  if (address.matches(socket.bound) && !moves_to_another_wildcard) return;
  findings.add(
      fmt::format("the instances that run listen on {}, the app file says {}: the kernel keeps these as two "
                  "groups, so connections cannot be handed over",
                  socket.bound.text(),
                  moves_to_another_wildcard ? endpoint_to_open(address).text() : address.text),
      "keep the address, or stop the app before it changes");
}

void check_opener(const ListenSocket& socket, const ServerUser& user, const AppConfig& config,
                  Findings& findings) {
  if (user.uid == socket.uid) return;
  const bool by_rollctl = config.socket == SocketMode::Inherit;
  findings.add(
      fmt::format("the instances that run opened {} as user {}, for the new ones it would be opened by {}{} "
                  "({}): the kernel does not let them share it",
                  socket.bound.text(), socket.uid, by_rollctl ? "rollctl itself, as " : "", user.name,
                  user.uid),
      by_rollctl ? "keep `socket` as it was, or stop the app before it changes"
                 : "keep the user, or stop the app before it changes");
}

}  // namespace

std::vector<Error> find_strangers(InstanceSockets& host, const std::string& app,
                                  const std::vector<ListenAddress>& listen, const std::set<uint32_t>& ours) {
  const auto sockets = host.listen_sockets();
  if (!sockets) return {sockets.error()};
  Findings findings;
  for (const ListenSocket& socket : *sockets) {
    const ListenAddress* address = nearest_address(listen, socket);
    if (address == nullptr || !address->matches(socket.bound) || ours.contains(socket.inode)) continue;
    // It may have been opened, or closed, since `ours` was found out.
    const auto holder = host.holder_of(socket);
    if (!holder) return {holder.error()};
    if (holder->who != SocketHolder::Who::Stranger) continue;
    const std::string& owner = holder->owner;
    findings.add(fmt::format("{} is in use by {}, which is no instance of {}", socket.bound.text(),
                             owner.empty() ? fmt::format("a process of user {}", socket.uid) : owner, app),
                 "stop it first, or give the app another address to listen on");
  }
  return findings.take();
}

std::vector<Error> check_ports(Instances& instances, InstanceSockets& host, const std::string& app,
                               const AppConfig& config) {
  const auto own = sockets_of_instances(instances, host);
  if (!own) return {own.error()};
  const auto& [ours, without_reuseport] = *own;
  Findings findings;
  findings.add(find_strangers(host, app, config.listen, ours));
  const auto sockets = host.listen_sockets();
  if (!sockets) return findings.take();  // find_strangers() has reported it
  const auto user = opener_of(config);
  for (const ListenSocket& socket : *sockets) {
    const ListenAddress* address = nearest_address(config.listen, socket);
    if (address == nullptr || !ours.contains(socket.inode)) continue;
    check_address(socket, *address, config, findings);
    if (user) check_opener(socket, *user, config, findings);
    if (without_reuseport.contains(socket.inode))
      findings.add(
          fmt::format("an instance that runs opened {} without SO_REUSEPORT: no other can share it",
                      socket.bound.text()),
          fmt::format("stop it first: rollctl stop {} --handover plain; from then on all are started alike",
                      app));
  }
  return findings.take();
}

}  // namespace rollctl
