// SPDX-License-Identifier: MIT
#include "probe/ownership.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace rollctl {

Ownership::Ownership(InstanceId instance, ProcessId server)
    : instance_(instance), server_(server), tree_(std::move(server)) {}

Result<std::vector<uint64_t>> Ownership::listeners_at(const Endpoint& target) {
  auto diag = SockDiag::create();
  if (!diag) return fail(diag.error());
  return check(*diag, diag->listeners_reached(target));
}

Status Ownership::check_port(uint16_t port) {
  auto diag = SockDiag::create();
  if (!diag) return fail(diag.error());
  if (auto checked = check(*diag, diag->listeners(std::span(&port, 1))); !checked)
    return fail(checked.error());
  return {};
}

Status Ownership::check_peer(int local_socket, const std::string& where) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(local_socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return fail(last_os_failure("cannot tell who listens on " + where));
  if (is_its_users(peer.uid)) return {};
  const auto is_its_own = is_in_process_tree(peer.pid, server_.pid);
  if (!is_its_own) return fail(is_its_own.error());
  if (*is_its_own) return {};
  return fail(stranger(where, std::nullopt, peer.uid));
}

Result<std::vector<uint64_t>> Ownership::check(SockDiag& diag,
                                               const Result<std::vector<ListenSocket>>& listeners) {
  if (!listeners) return fail(listeners.error());
  std::vector<uint64_t> cookies;
  for (const ListenSocket& listener : *listeners) {
    const auto owned = check(listener);
    if (owned) {
      cookies.push_back(listener.cookie);
      continue;
    }
    // The socket of a worker that has ended is nobody's.
    const auto now = diag.listeners_on(listener.bound);
    if (!now || std::ranges::find(*now, listener.cookie, &ListenSocket::cookie) != now->end())
      return fail(owned.error());
  }
  std::ranges::sort(cookies);
  return cookies;
}

Status Ownership::check(const ListenSocket& listener) {
  const auto held = tree_.hold(listener.inode);
  if (held && *held) return {};
  if (!held && held.error().kind != ErrorKind::NotPermitted) return fail(held.error());
  const auto owner = find_owner(listener.inode);
  if (!owner) return fail(owner.error());
  if (!*owner && is_its_users(listener.uid)) return {};
  // A worker that was forked since the tree was read.
  if (*owner && is_in_process_tree((*owner)->pid, server_.pid).value_or(false)) return {};
  return fail(stranger(listener.bound.text(), *owner, listener.uid));
}

// /proc shows a process that this user may not inspect as root's.
bool Ownership::is_its_users(uint32_t uid) const {
  struct stat status{};
  const std::string process = "/proc/" + std::to_string(server_.pid);
  return uid == ::geteuid() || (::stat(process.c_str(), &status) == 0 && status.st_uid == uid);
}

Error Ownership::stranger(const std::string& where, const std::optional<SocketOwner>& owner,
                          uint32_t uid) const {
  return {ErrorKind::Failed,
          0,
          fmt::format("{} is held by {} of user {}, which is no process of instance {}", where,
                      owner ? owner->text() : "a process", uid, instance_),
          {}};
}

}  // namespace rollctl
