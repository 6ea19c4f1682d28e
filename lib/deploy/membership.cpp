// SPDX-License-Identifier: MIT
#include "deploy/membership.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace rollctl {

Result<bool> Membership::add(Member& member) {
  auto listeners = world_.sockets.listeners(member.id);
  if (!listeners && listeners.error().kind == ErrorKind::NotFound) return false;
  if (!listeners)
    return fail(
        with_context(listeners.error(), fmt::format("cannot take the listeners of instance {}", member.id)));
  if (listeners->empty()) return false;
  ROLL_TRY(note_groups(member, *listeners));
  ROLL_TRY(world_.steering.add(member.id, member.server, std::move(*listeners)));
  return true;
}

Result<bool> Membership::add_checked(Member& member, std::vector<Listener> listeners) {
  ROLL_TRY(note_groups(member, listeners));
  if (!member.joined()) return false;
  if (auto difference = explain_other_group(member)) {
    member.groups.clear();
    return fail(ErrorKind::Unsupported, std::move(*difference));
  }
  ROLL_TRY(world_.steering.add(member.id, member.server, std::move(listeners)));
  // The first of all: the next ones must be where it is.
  if (expected_.empty()) expected_ = member.groups;
  return true;
}

Status Membership::note_groups(Member& member, const std::vector<Listener>& listeners) {
  const bool all_known = std::all_of(listeners.begin(), listeners.end(),
                                     [](const Listener& listener) { return listener.group.has_value(); });
  std::vector<ListenSocket> sockets;
  if (!all_known) {
    ROLL_TRY_ASSIGN(sockets, world_.sockets.listen_sockets());
  }
  member.groups.clear();
  member.inodes.clear();
  for (const Listener& listener : listeners) {
    std::optional<GroupIdentity> group = listener.group;
    for (const ListenSocket& socket : sockets)
      if (socket.inode == listener.inode) group = group_of(socket);
    if (!group) continue;
    member.inodes.push_back(listener.inode);
    if (std::find(member.groups.begin(), member.groups.end(), *group) == member.groups.end())
      member.groups.push_back(*group);
  }
  return {};
}

std::optional<std::string> Membership::explain_other_group(const Member& member) const {
  for (const ListenAddress& address : listen_) {
    const auto is_there = [&](const GroupIdentity& group) { return address.matches(group.bound); };
    const auto old = std::find_if(expected_.begin(), expected_.end(), is_there);
    const auto fresh = std::find_if(member.groups.begin(), member.groups.end(), is_there);
    if (old == expected_.end() || fresh == member.groups.end()) continue;
    if (auto difference = explain_difference(*old, *fresh)) return difference;
  }
  return std::nullopt;
}

void Membership::expect_groups_of(const Member& member) {
  for (const GroupIdentity& group : member.groups)
    if (std::find(expected_.begin(), expected_.end(), group) == expected_.end()) expected_.push_back(group);
}

void Membership::look_at_inodes(const std::vector<InstanceId>& ids) {
  const auto sockets = world_.sockets.listen_sockets();
  if (!sockets) return;
  const auto is_known = [this](const ListenSocket& socket) {
    return std::ranges::any_of(fleet_.members(), [&](const auto& entry) {
      return std::ranges::find(entry.second.inodes, socket.inode) != entry.second.inodes.end();
    });
  };
  if (std::ranges::all_of(*sockets, is_known)) return;
  for (InstanceId id : ids) {
    const auto listeners = world_.sockets.listeners(id);
    if (!listeners) continue;
    for (const Listener& listener : *listeners) fleet_.at(id).inodes.push_back(listener.inode);
  }
}

void Membership::forget_gone() {
  for (auto& [id, member] : fleet_.members()) {
    if (!member.gone() || std::exchange(member.forgotten, true)) continue;
    (void)world_.steering.remove(id);
  }
}

Result<std::set<uint32_t>> Membership::sockets() const {
  std::set<uint32_t> inodes;
  for (const auto& [id, member] : fleet_.members()) {
    inodes.insert(member.inodes.begin(), member.inodes.end());
    if (!member.inodes.empty()) continue;
    const auto listeners = world_.sockets.listeners(id);
    if (!listeners && listeners.error().kind == ErrorKind::NotFound) continue;
    if (!listeners) return fail(listeners.error());
    for (const Listener& listener : *listeners) inodes.insert(listener.inode);
  }
  return inodes;
}

bool Membership::cover_all(const std::vector<Listener>& listeners) const {
  return std::all_of(listen_.begin(), listen_.end(), [&](const ListenAddress& address) {
    return std::any_of(listeners.begin(), listeners.end(),
                       [&](const Listener& listener) { return address.matches(listener.bound); });
  });
}

std::optional<Endpoint> Membership::shared_port(const Member& member) const {
  if (member.groups.empty() || listen_.empty()) return std::nullopt;
  for (const GroupIdentity& group : member.groups)
    if (listen_.front().matches(group.bound)) return listen_.front().connect_endpoint(group.bound);
  return std::nullopt;
}

std::string Membership::addresses_text() const {
  std::vector<std::string> texts;
  for (const ListenAddress& address : listen_) texts.push_back(address.text);
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace rollctl
