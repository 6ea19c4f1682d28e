// SPDX-License-Identifier: MIT
#include "steering/classic_group.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "bpf/grace_period.h"
#include "bpf/program_attachment.h"
#include "bpf/slot_writer.h"
#include "net/group.h"
#include "net/process_sockets.h"
#include "net/tcp_connect.h"
#include "steering/find_positions.h"
#include "steering/listener_retirement.h"

namespace rollctl {

namespace {

// An address at which this host reaches the group.
Endpoint target_of(const Endpoint& bound) {
  if (!bound.ip.is_unspecified()) return bound;
  const Endpoint v4{IpAddress::v4(INADDR_LOOPBACK), bound.port};
  const Endpoint v6{IpAddress::v6(in6addr_loopback), bound.port};
  if (bound.ip.is_v4()) return v4;
  // Without IPv6 on the loopback device a dual-stack group is reached by IPv4.
  return open_client({v6.ip, 0}) ? v6 : v4;
}

bool has_option(const Fd& fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd.get(), SOL_SOCKET, option, &value, &size) == 0 && value != 0;
}

bool is_same(const std::vector<sock_filter>& one, const std::vector<sock_filter>& other) {
  return std::ranges::equal(one, other, [](const sock_filter& a, const sock_filter& b) {
    return a.code == b.code && a.jt == b.jt && a.jf == b.jf && a.k == b.k;
  });
}

uint32_t inode_of(const Fd& socket) {
  struct stat status{};
  return ::fstat(socket.get(), &status) == 0 ? static_cast<uint32_t>(status.st_ino) : 0;
}

}  // namespace

ClassicGroup::Member* ClassicGroup::find(uint64_t cookie) {
  const auto found = std::ranges::find(members_, cookie, &Member::cookie);
  return found == members_.end() ? nullptr : &*found;
}

const ClassicGroup::Member* ClassicGroup::find(uint64_t cookie) const {
  const auto found = std::ranges::find(members_, cookie, &Member::cookie);
  return found == members_.end() ? nullptr : &*found;
}

bool ClassicGroup::has(InstanceId instance) const {
  return std::ranges::any_of(members_, [&](const Member& member) { return member.instance == instance; });
}

bool ClassicGroup::has_others() const {
  return std::ranges::any_of(members_,
                             [&](const Member& member) { return !rotation_.contains(member.instance); });
}

std::vector<uint64_t> ClassicGroup::cookies_of(InstanceId instance) const {
  std::vector<uint64_t> cookies;
  for (const Member& member : members_) {
    if (member.instance == instance) cookies.push_back(member.cookie);
  }
  return cookies;
}

bool ClassicGroup::serves(const Member& member) const {
  const auto share = rotation_.find(member.instance);
  return share != rotation_.end() && share->second > 0 && !member.abandoned && member.position.has_value();
}

void ClassicGroup::watch_holders(Member& member) const {
  member.exits.clear();
  for (const ProcessRef& holder : member.holders) member.exits.push_back(watch_exit_(holder));
}

// Cheapest checks first. An unknown holder, such as a worker that was forked later, is found by reading all
// of /proc.
bool ClassicGroup::is_held(Member& member) const {
  const bool saw_them = !member.holders.empty();
  const auto has_exited = [](const ProcessRef& holder) { return holder.has_exited(); };
  if (std::ranges::any_of(member.holders, has_exited)) {
    member.exits.clear();  // before the descriptors that they watch are closed
    std::erase_if(member.holders, has_exited);
    watch_holders(member);
  }
  // A failed check counts as held: closing a listener that is in use would lose connections.
  for (const ProcessRef& holder : member.holders) {
    if (holds_socket(holder, member.inode).value_or(true)) return true;
  }
  if (count_own_descriptors(member.inode).value_or(2) > 1) return true;
  auto holders = find_holders(member.inode);
  if (!holders) return true;
  member.exits.clear();
  member.holders = std::move(*holders);
  watch_holders(member);
  if (!member.holders.empty()) return true;
  return !saw_them && member.server && !member.server->has_exited() && member.server->id().pid != ::getpid();
}

Status ClassicGroup::put(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) {
  for (const Listener& listener : listeners) {
    if (!has_option(listener.fd, SO_REUSEPORT) || !has_option(listener.fd, SO_ACCEPTCONN))
      return fail(insert_failure(listener, EINVAL));
  }
  std::set<uint64_t> named;
  for (Listener& listener : listeners) {
    const uint64_t cookie = socket_cookie(listener.fd.get());
    named.insert(cookie);
    if (Member* known = find(cookie)) {
      known->instance = instance;
      continue;
    }
    Member member;
    member.instance = instance;
    member.inode = listener.inode != 0 ? listener.inode : inode_of(listener.fd);
    member.cookie = cookie;
    member.fd = std::move(listener.fd);
    auto process = ProcessRef::open(server);
    if (!process && is_shortage(process.error())) return fail(process.error());
    if (process) member.server.emplace(std::move(*process));
    auto holders = find_holders(member.inode);
    if (!holders) return fail(holders.error());
    member.holders = std::move(*holders);
    watch_holders(member);
    members_.push_back(std::move(member));
  }
  for (Member& member : members_) {
    if (member.instance == instance && !named.contains(member.cookie)) member.instance = 0;
  }
  return attached_ ? install() : Status();
}

void ClassicGroup::disown(InstanceId instance) {
  for (Member& member : members_) {
    if (member.instance == instance) member.instance = 0;
  }
}

// The cookies of the group's members, those of other processes included. Notices that the group has ended,
// and its program with it, when none of the members is left that were there at the last look.
Result<std::vector<uint64_t>> ClassicGroup::look_at_members() {
  auto sockets = diag_->listeners_on(bound_);
  if (!sockets) return fail(sockets.error());
  const auto ours = std::ranges::find_if(
      *sockets, [&](const ListenSocket& socket) { return find(socket.cookie) != nullptr; });
  std::vector<uint64_t> cookies;
  if (ours == sockets->end()) {
    installed_.clear();
    return cookies;
  }
  const GroupIdentity group = group_of(*ours);
  for (const ListenSocket& socket : *sockets) {
    if (group_of(socket) == group) cookies.push_back(socket.cookie);
  }
  const bool goes_on =
      std::ranges::any_of(cookies, [&](uint64_t cookie) { return last_seen_.contains(cookie); });
  if (!goes_on) installed_.clear();
  last_seen_ = {cookies.begin(), cookies.end()};
  return cookies;
}

// A new member goes to the end, and one that leaves changes only its own position and the last one. So
// positions are right as long as all members are left that were there when the positions were found.
Status ClassicGroup::ensure_current() {
  const auto present = look_at_members();
  if (!present) return fail(present.error());
  const bool all_there = std::ranges::all_of(
      located_with_, [&](uint64_t cookie) { return std::ranges::find(*present, cookie) != present->end(); });
  const bool all_known =
      std::ranges::all_of(members_, [](const Member& member) { return member.position.has_value(); });
  if (all_there && all_known) return {};
  return locate(*present);
}

// Until locate() succeeds, no position counts as current.
void ClassicGroup::forget_positions() {
  for (Member& member : members_) member.position.reset();
  located_with_.clear();
}

Status ClassicGroup::locate(const std::vector<uint64_t>& present) {
  forget_positions();
  // A listener that was shut down is out of the group, although it is held.
  std::erase_if(members_, [&](const Member& member) {
    return std::ranges::find(present, member.cookie) == present.end();
  });
  if (members_.empty()) return {};
  if (present.size() == 1) {
    members_.front().position = 0;
    located_with_ = {present.begin(), present.end()};
    size_ = 1;
    return {};
  }
  // Any program of this object aims.
  if (installed_.empty()) {
    spread_.clear();
    otherwise_ = kNoPosition;
    if (auto attached = attach(); !attached) return attached;
  }
  std::vector<int> listeners;
  for (const Member& member : members_) listeners.push_back(member.fd.get());
  const auto found = find_positions(target_of(bound_), listeners, present.size());
  if (!found) return fail(found.error());
  if (!std::ranges::all_of(*found, [](const auto& position) { return position.has_value(); }))
    return fail(ErrorKind::Failed, "cannot reach a listener on " + bound_.text() + " from this host");
  for (size_t i = 0; i < members_.size(); ++i) members_[i].position = (*found)[i];
  located_with_ = {present.begin(), present.end()};
  size_ = present.size();
  return {};
}

Status ClassicGroup::attach() {
  if (members_.empty()) return {};
  auto program = build_classic_program(spread_, otherwise_);
  if (is_same(program, installed_)) return {};
  if (auto attached = attach_classic_program(members_.front().fd.get(), program); !attached) return attached;
  installed_ = std::move(program);
  return {};
}

Status ClassicGroup::install() {
  if (auto current = ensure_current(); !current) return current;
  spread_.clear();
  for (const auto& [instance, weight] : rotation_) {
    std::vector<GroupPosition> positions;
    for (const Member& member : members_) {
      if (member.instance == instance && serves(member)) positions.push_back(*member.position);
    }
    for (const GroupPosition position : positions)
      spread_.push_back({position, weight / static_cast<double>(positions.size())});
  }
  // Where no member serves, clients go to a listener that refuses them, not to a gated one.
  otherwise_ = kNoPosition;
  for (const Member& member : members_) {
    const bool refuses = member.abandoned && fallback_ == Steering::Fallback::Nobody;
    if (refuses && member.position) otherwise_ = *member.position;
  }
  if (auto attached = attach(); !attached) return attached;
  attached_ = true;
  return {};
}

Result<ClassicGroup::Applied> ClassicGroup::apply(const Rotation& rotation) {
  const bool anybody = std::ranges::any_of(members_, [&](const Member& member) {
    const auto share = rotation.find(member.instance);
    return !member.abandoned && share != rotation.end() && share->second > 0;
  });
  if (!anybody) return Applied::Unchanged;
  if (auto current = ensure_current(); !current) return fail(current.error());
  rotation_ = rotation;
  fallback_ = Steering::Fallback::Nobody;
  if (auto installed = install(); !installed) return fail(installed.error());
  return Applied::Written;
}

Status ClassicGroup::fall_back_to(Steering::Fallback fallback) {
  const bool is_same = std::exchange(fallback_, fallback) == fallback;
  const bool matters = attached_ && std::ranges::any_of(members_, &Member::abandoned);
  return is_same || !matters ? Status() : install();
}

Status ClassicGroup::guard() {
  return install();
}

Result<GroupPosition> ClassicGroup::next_position(InstanceId instance) {
  if (auto installed = install(); !installed) return fail(installed.error());
  std::vector<GroupPosition> positions;
  for (const Member& member : members_) {
    if (member.instance == instance && !member.abandoned && member.position)
      positions.push_back(*member.position);
  }
  if (positions.empty())
    return fail(ErrorKind::NotFound,
                "instance " + std::to_string(instance) + " does not listen on " + bound_.text());
  return positions[turn_++ % positions.size()];
}

Result<bool> ClassicGroup::tend() {
  for (Member& member : members_) {
    if (member.abandoned || is_held(member)) continue;
    member.abandoned = true;
    refuse_clients(member.fd);
  }
  if (auto released = release(); !released) return fail(released.error());
  if (attached_ && !members_.empty()) {
    if (auto installed = install(); !installed) return fail(installed.error());
  }
  return has_others();
}

void ClassicGroup::drop(uint64_t cookie) {
  std::erase_if(members_, [&](const Member& member) { return member.cookie == cookie; });
}

// Closes listeners that only this object holds, while all new connections go to one member that does not
// move.
Status ClassicGroup::release() {
  if (std::ranges::none_of(members_, &Member::abandoned)) return {};
  if (!attached_) {
    std::erase_if(members_, [](Member& member) {
      if (member.abandoned) readmit_clients(member.fd);
      return member.abandoned;
    });
    return {};
  }
  if (auto current = ensure_current(); !current) return current;
  std::vector<ListenerRetirement::Member> candidates;
  for (const Member& member : members_) {
    if (member.position)
      candidates.push_back({member.cookie, *member.position, serves(member), member.abandoned});
  }
  const ListenerRetirement retirement(std::move(candidates), size_);
  const auto pinned = retirement.pinned_position();
  if (!pinned) return {};
  const std::vector<uint64_t> closing = retirement.close_order();
  for (const Member& member : members_) {
    if (member.abandoned && std::ranges::find(closing, member.cookie) == closing.end())
      empty_queue(member.fd);
  }
  if (closing.empty()) return {};
  spread_.clear();
  otherwise_ = *pinned;
  if (auto attached = attach(); !attached) return attached;
  grace_period();
  for (const uint64_t cookie : closing) {
    // A process that this user cannot see may hold it after all.
    readmit_clients(find(cookie)->fd);
    drop(cookie);
  }
  // If they cannot be found at once, the pinned member goes on to serve.
  forget_positions();
  return install();
}

Status ClassicGroup::lift() {
  spread_.clear();
  otherwise_ = kNoPosition;
  attached_ = false;
  installed_.clear();
  if (members_.empty()) return {};
  return detach_steer_program(members_.front().fd.get());
}

Status ClassicGroup::detach() {
  for (Member& member : members_) {
    if (!member.abandoned) member.abandoned = !is_held(member);
  }
  if (auto released = release(); !released) return released;
  // Keeps one listener, to detach the program through.
  const auto keeper = std::ranges::find_if(members_, [&](const Member& member) { return serves(member); });
  if (keeper != members_.end()) std::iter_swap(keeper, members_.begin());
  if (members_.empty()) return {};
  members_.erase(members_.begin() + 1, members_.end());
  if (auto lifted = lift(); !lifted) return lifted;
  members_.clear();
  return {};
}

}  // namespace rollctl
