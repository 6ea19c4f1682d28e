// SPDX-License-Identifier: MIT
#include "steering/nudge.h"

#include <netinet/in.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "net/tcp_connect.h"

namespace rollctl {

namespace {

constexpr Millis kStuckAfter{5};

// The server accepts the connection, reads EOF and closes it.
void open_and_close(const Endpoint& bound) {
  Endpoint target = bound;
  if (bound.ip.is_unspecified())
    target.ip = bound.ip.is_v4() ? IpAddress::v4(INADDR_LOOPBACK) : IpAddress::v6(in6addr_loopback);
  if (auto client = open_client({target.ip, 0})) (void)begin_connect(client->get(), target);
}

}  // namespace

Result<std::unique_ptr<Nudge>> Nudge::create(std::vector<Endpoint> addresses, Millis bound,
                                             const Clock& clock) {
  auto diag = SockDiag::create();
  if (!diag) return fail(diag.error());
  return std::unique_ptr<Nudge>(
      new Nudge(std::move(*diag), std::move(addresses), clock.now() + bound, clock));
}

Nudge::Progress Nudge::poll() {
  const TimePoint now = clock_.now();
  if (now >= deadline_) return Progress::Over;
  std::vector<ListenSocket> all;
  for (const auto& address : addresses_) {
    auto sockets = diag_.listeners_on(address);
    if (!sockets) return Progress::Over;
    std::ranges::move(*sockets, std::back_inserter(all));
  }

  std::map<uint64_t, TimePoint> filled;
  for (const auto& socket : all) {
    if (socket.accept_queue == 0) continue;
    const auto known = stuck_since_.find(socket.cookie);
    const TimePoint since = known == stuck_since_.end() ? now : known->second;
    filled[socket.cookie] = since;
    if (now - since < kStuckAfter) continue;
    // The kernel may choose another listener; then the next poll() tries again.
    open_and_close(socket.bound);
    ++nudges_;
  }
  stuck_since_ = std::move(filled);
  return stuck_since_.empty() ? Progress::Over : Progress::Watching;
}

}  // namespace rollctl
