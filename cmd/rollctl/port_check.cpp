// SPDX-License-Identifier: MIT
#include "rollctl/port_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/users.h"
#include "loop/loop.h"
#include "state/host_instances.h"

namespace roll {

namespace {

std::set<uint32_t> inodes_of_instances(HostInstances& instances) {
  std::set<uint32_t> inodes;
  const auto found = instances.discover();
  if (!found) return inodes;
  for (const FoundInstance& instance : *found) {
    if (instance.presence == Presence::Remains) continue;
    const auto listeners = instances.listeners(instance.record.id);
    if (!listeners) continue;
    for (const Listener& listener : *listeners) inodes.insert(listener.inode);
  }
  return inodes;
}

}  // namespace

std::vector<Error> check_ports(const Paths& paths, const std::string& app, const AppConfig& config) {
  auto loop = Loop::create();
  if (!loop) return {loop.error()};
  auto instances = HostInstances::create(**loop, paths, app, config.listen);
  if (!instances) return {instances.error()};
  const std::set<uint32_t> ours = inodes_of_instances(**instances);
  const auto sockets = (*instances)->listen_sockets();
  if (!sockets) return {sockets.error()};
  const auto user = find_server_user(config.user, config.group);

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
    if (!on_port->matches(socket.bound)) {
      add(fmt::format("the instances that run listen on {}, the app file says {}: the kernel "
                      "keeps these as two groups, "
                      "so connections cannot be handed over",
                      socket.bound.text(), on_port->text),
          "keep the address, or stop the app before it changes");
    }
    if (user && user->uid != socket.uid) {
      add(fmt::format("the instances that run opened {} as user {}, the new ones would as {} "
                      "({}): the kernel does not "
                      "let them share it",
                      socket.bound.text(), socket.uid, user->name, user->uid),
          "keep the user, or stop the app before it changes");
    }
  }
  return findings;
}

}  // namespace roll
