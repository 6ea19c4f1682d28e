// SPDX-License-Identifier: MIT
#include "app/port_check.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <set>

#include "config/users.h"
#include "loop/loop.h"
#include "net/listen_socket.h"
#include "state/host_instances.h"
#include "state/silent_shims.h"

namespace roll {

namespace {

// Who opens the sockets: the server, or, where it inherits them, its shim.
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

Result<OwnSockets> sockets_of_instances(HostInstances& instances) {
  OwnSockets sockets;
  const auto found = instances.discover();
  if (!found) return fail(found.error());
  if (Status answered = check_all_answer(*found); !answered) return fail(answered.error());
  for (const FoundInstance& instance : *found) {
    if (instance.presence == Presence::Remains) continue;
    const auto listeners = instances.listeners(instance.record.id);
    if (!listeners && listeners.error().kind != ErrorKind::NotFound) return fail(listeners.error());
    if (!listeners) continue;
    for (const Listener& listener : *listeners) {
      sockets.inodes.insert(listener.inode);
      if (!has_reuseport(listener.fd.get())) sockets.without_reuseport.insert(listener.inode);
    }
  }
  return sockets;
}

}  // namespace

std::vector<Error> check_ports(const Paths& paths, const std::string& app, const AppConfig& config) {
  auto loop = Loop::create();
  if (!loop) return {loop.error()};
  auto instances = HostInstances::create(**loop, paths, app, config.listen);
  if (!instances) return {instances.error()};
  const auto own = sockets_of_instances(**instances);
  if (!own) return {own.error()};
  const auto& [ours, shared_with_nobody] = *own;
  const auto sockets = (*instances)->listen_sockets();
  if (!sockets) return {sockets.error()};
  const auto user = opener_of(config);

  std::vector<Error> findings;
  // Instances share an address: what is wrong with it is said once.
  const auto add = [&](std::string message, std::string hint) {
    for (const Error& finding : findings)
      if (finding.message == message) return;
    findings.push_back({ErrorKind::Failed, 0, std::move(message), std::move(hint)});
  };
  for (const ListenSocket& socket : *sockets) {
    const auto on_port = std::find_if(
        config.listen.begin(), config.listen.end(),
        [&](const ListenAddress& address) { return address.endpoint.port == socket.bound.port; });
    if (on_port == config.listen.end()) continue;
    if (!ours.contains(socket.inode)) {
      if (!on_port->matches(socket.bound)) continue;
      const std::string owner = (*instances)->owner_of(socket);
      add(fmt::format("{} is in use by {}, which is no instance of {}", socket.bound.text(),
                      owner.empty() ? fmt::format("a process of user {}", socket.uid) : owner, app),
          "stop it first, or give the app another address to listen on");
      continue;
    }
    const bool moves_to_another_wildcard =
        config.socket == SocketMode::Inherit && socket.bound != endpoint_to_open(*on_port);
    if (!on_port->matches(socket.bound) || moves_to_another_wildcard) {
      add(fmt::format("the instances that run listen on {}, the app file says {}: the kernel "
                      "keeps these as two groups, "
                      "so connections cannot be handed over",
                      socket.bound.text(),
                      moves_to_another_wildcard ? endpoint_to_open(*on_port).text() : on_port->text),
          "keep the address, or stop the app before it changes");
    }
    if (user && user->uid != socket.uid) {
      const bool by_rollctl = config.socket == SocketMode::Inherit;
      add(fmt::format(
              "the instances that run opened {} as user {}, for the new ones it would be opened by {}{} "
              "({}): the kernel does not let them share it",
              socket.bound.text(), socket.uid, by_rollctl ? "rollctl itself, as " : "", user->name,
              user->uid),
          by_rollctl ? "keep `socket` as it was, or stop the app before it changes"
                     : "keep the user, or stop the app before it changes");
    }
    if (shared_with_nobody.contains(socket.inode))
      add(fmt::format("an instance that runs opened {} without SO_REUSEPORT: no other can share it",
                      socket.bound.text()),
          fmt::format("stop it first: rollctl stop {} --handover plain; from then on all are started alike",
                      app));
  }
  return findings;
}

}  // namespace roll
