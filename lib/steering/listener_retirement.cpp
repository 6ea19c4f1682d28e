// SPDX-License-Identifier: MIT
#include "steering/listener_retirement.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace rollctl {

ListenerRetirement::ListenerRetirement(std::vector<Member> members, size_t size)
    : members_(std::move(members)), size_(size) {
  for (const Member& member : members_) {
    if (member.serves && (!pinned_ || member.position < pinned_->position)) pinned_ = member;
  }
  if (pinned_) return;
  for (const Member& member : members_) {
    if (member.abandoned) pinned_ = member;
  }
}

std::optional<GroupPosition> ListenerRetirement::pinned_position() const {
  return pinned_ ? std::optional(pinned_->position) : std::nullopt;
}

const ListenerRetirement::Member* ListenerRetirement::find(uint64_t cookie) const {
  const auto found = std::ranges::find(members_, cookie, &Member::cookie);
  return found == members_.end() ? nullptr : &*found;
}

// If the pinned member itself moved, its old position would be out of range, and the kernel would hash over
// all that are left. That is right only if each of these serves or refuses.
bool ListenerRetirement::can_close(const std::vector<uint64_t>& layout, uint64_t closing) const {
  if (layout.back() == closing || layout.back() != pinned_->cookie) return true;
  return std::ranges::all_of(layout, [&](uint64_t cookie) {
    if (cookie == closing || cookie == pinned_->cookie) return true;
    const Member* member = find(cookie);
    return member != nullptr && (member->serves || member->abandoned);
  });
}

std::vector<uint64_t> ListenerRetirement::close_order() const {
  if (!pinned_) return {};
  std::vector<uint64_t> layout(size_, 0);  // 0: a member of another process
  for (const Member& member : members_) {
    if (member.position < size_) layout[member.position] = member.cookie;
  }
  // From the end, so that as few as possible move.
  std::vector<uint64_t> candidates;
  for (auto cookie = layout.rbegin(); cookie != layout.rend(); ++cookie) {
    const Member* member = find(*cookie);
    if (member != nullptr && member->abandoned && *cookie != pinned_->cookie) candidates.push_back(*cookie);
  }
  std::vector<uint64_t> closed;
  for (const uint64_t cookie : candidates) {
    if (!can_close(layout, cookie)) continue;
    *std::ranges::find(layout, cookie) = layout.back();
    layout.pop_back();
    closed.push_back(cookie);
  }
  return closed;
}

void refuse_clients(const Fd& listener) {
  sock_filter nothing[] = {{BPF_RET | BPF_K, 0, 0, 0}};
  const sock_fprog program{1, nothing};
  (void)::setsockopt(listener.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void readmit_clients(const Fd& listener) {
  const int unused = 0;
  (void)::setsockopt(listener.get(), SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
}

void empty_queue(const Fd& listener) {
  pollfd waiting{listener.get(), POLLIN, 0};
  while (::poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN) != 0) {
    if (!Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))) return;
  }
}

}  // namespace rollctl
