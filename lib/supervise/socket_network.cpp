// SPDX-License-Identifier: MIT
#include "supervise/socket_network.h"

#include <algorithm>
#include <utility>

#include "bpf/slot_counters.h"
#include "bpf/slot_writer.h"
#include "net/process_sockets.h"
#include "net/sock_diag.h"

namespace rollctl {

namespace {

// Whether it is about a process that may not be looked at.
bool is_refusal(const Error& error) {
  return error.kind == ErrorKind::NotPermitted;
}

}  // namespace

Result<std::vector<Listener>> SocketNetwork::listeners() {
  if (record_.server.pid == 0) return std::vector<Listener>();
  if (!sockets_.sockets().empty()) return inherited_listeners();
  auto diag = SockDiag::create();
  if (!diag) return fail(diag.error());
  auto taken = listeners_of(*diag, record_.server, record_.spec.listen);
  if (!taken) return fail(taken.error());
  // A process that was double-forked is this process's child, not the server's.
  if (!serve_all(*taken, record_.spec.listen)) taken = listeners_of(*diag, record_.shim, record_.spec.listen);
  if (!taken) return fail(taken.error());
  std::vector<Listener> listeners;
  for (auto& listener : *taken)
    listeners.push_back({std::move(listener.fd), listener.socket.bound, listener.socket.inode});
  return listeners;
}

// Without those that the server has closed: only the shim holds them, and accepts nothing. A server that may
// not be looked at is taken to have them all.
Result<std::vector<Listener>> SocketNetwork::inherited_listeners() const {
  std::vector<Listener> listeners;
  for (const Whose whose : {Whose::RootOnly, Whose::Tree}) {
    const auto inodes = socket_inodes(record_.server, whose);
    if (!inodes && !is_refusal(inodes.error())) return fail(inodes.error());
    listeners.clear();
    for (const auto& socket : sockets_.sockets()) {
      if (inodes && !std::binary_search(inodes->begin(), inodes->end(), socket.inode)) continue;
      auto copy = duplicate(socket.fd.get());
      if (!copy) return fail(copy.error());
      listeners.push_back({std::move(*copy), socket.bound, socket.inode});
    }
    if (listeners.size() == sockets_.sockets().size()) break;
  }
  return listeners;
}

// The server itself first: finding its children means reading all of /proc.
bool SocketNetwork::listens_on_all() {
  if (record_.server.pid == 0) return false;
  auto diag = SockDiag::create();
  if (!diag) return false;
  const auto sockets = diag->listeners(ports_of(record_.spec.listen));
  if (!sockets) return false;
  struct Look {
    const ProcessId& root;
    Whose whose;
  };
  // The tree of this process has those that were double-forked, too, but also the sockets to inherit.
  const ProcessId& whole = sockets_.sockets().empty() ? record_.shim : record_.server;
  for (const auto& [root, whose] : {Look{record_.server, Whose::RootOnly}, Look{whole, Whose::Tree}}) {
    const auto inodes = socket_inodes(root, whose);
    if (!inodes) return is_refusal(inodes.error()) && !sockets_.sockets().empty();
    const auto& addresses = record_.spec.listen;
    const bool all = std::all_of(addresses.begin(), addresses.end(), [&](const ListenAddress& address) {
      return std::any_of(sockets->begin(), sockets->end(), [&](const ListenSocket& socket) {
        return address.matches(socket.bound) &&
               std::binary_search(inodes->begin(), inodes->end(), socket.inode);
      });
    });
    if (all) return true;
  }
  return false;
}

Result<size_t> SocketNetwork::connections() {
  auto diag = SockDiag::create();
  if (!diag) return fail(diag.error());
  // Children of a dead server are the shim's.
  return count_connections(*diag, record_.shim, ports_of(record_.spec.listen));
}

SlotUse SocketNetwork::slot_use(const std::vector<SteeringHandle>& steering) {
  SlotUse sum;
  for (const SteeringHandle& handle : steering) {
    const auto use = look_at_slots(handle, record_.id);
    if (!use) continue;
    sum.owned += use->owned;
    sum.filled += use->filled;
  }
  return sum;
}

bool SocketNetwork::anything_new_listens() {
  auto diag = SockDiag::create();
  if (!diag) return true;
  const auto sockets = diag->listeners(ports_of(record_.spec.listen), families_of(record_.spec.listen));
  return !sockets || seen_.any_new(*sockets);
}

Refill SocketNetwork::refill(std::vector<SteeringHandle>& steering, std::vector<Listener> listeners) {
  Refill result = Refill::Done;
  std::erase_if(steering, [&](const SteeringHandle& handle) {
    const auto written = put_into_slots(handle, record_.id, listeners);
    if (!written && written.error().kind == ErrorKind::NotFound) return true;
    if (!written || written->waiting > 0) result = Refill::TryAgain;
    return false;
  });
  return result;
}

GroupOccupancy SocketNetwork::occupancy(std::vector<SteeringHandle>& steering) {
  GroupOccupancy occupancy = GroupOccupancy::SteeringEnded;
  std::erase_if(steering, [&](const SteeringHandle& handle) {
    const auto found = look_at_occupancy(handle);
    if (found && *found == GroupOccupancy::SteeringEnded) return true;
    if (!found || *found == GroupOccupancy::OthersListen) {
      occupancy = GroupOccupancy::OthersListen;
    } else if (occupancy == GroupOccupancy::SteeringEnded) {
      occupancy = GroupOccupancy::RotationOnly;
    }
    return false;
  });
  return occupancy;
}

Status SocketNetwork::end_steering(std::vector<SteeringHandle>& steering) {
  const auto own = listeners();
  if (!own) return fail(own.error());
  Status ended;
  std::erase_if(steering, [&](const SteeringHandle& handle) {
    const auto listener = std::find_if(
        own->begin(), own->end(), [&](const Listener& candidate) { return candidate.bound == handle.bound; });
    if (listener == own->end()) return false;
    Status done = rollctl::end_steering(handle, listener->fd.get());
    if (!done) ended = done;
    return done.has_value();
  });
  return ended;
}

SteeringCounters SocketNetwork::counters(const std::vector<SteeringHandle>& steering) {
  SteeringCounters sum;
  for (const SteeringHandle& handle : steering) {
    const auto some = read_slot_counters(handle.counters.get(), handle.slots);
    if (!some) continue;
    sum.connections += some->connections;
    sum.fallbacks += some->fallbacks;
    sum.migrations += some->migrations;
  }
  return sum;
}

}  // namespace rollctl
