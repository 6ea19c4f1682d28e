// SPDX-License-Identifier: MIT
#include "steering/settle_addresses.h"

#include <algorithm>
#include <span>
#include <utility>

#include "bpf/grace_period.h"
#include "steering/settle.h"

namespace rollctl {

namespace {

Result<size_t> queued_at(SockDiag& diag, const std::vector<SettledAddress>& addresses) {
  size_t queued = 0;
  for (const auto& address : addresses) {
    const auto sockets = diag.listeners_on(address.bound);
    if (!sockets) return fail(sockets.error());
    for (const auto& socket : *sockets) {
      if (std::ranges::find(address.cookies, socket.cookie) != address.cookies.end())
        queued += socket.accept_queue;
    }
  }
  return queued;
}

SettleView view_of(const std::shared_ptr<SockDiag>& diag, const std::vector<SettledAddress>& addresses) {
  SettleView view;
  view.grace_period = [] { grace_period(); };
  view.queued = [diag, addresses] { return queued_at(*diag, addresses); };
  view.handshakes = [diag, addresses]() -> Result<std::vector<Handshake>> {
    std::vector<Handshake> all;
    for (const auto& address : addresses) {
      const auto some = diag->handshakes(address.bound);
      if (!some) return fail(some.error());
      all.insert(all.end(), some->begin(), some->end());
    }
    std::ranges::sort(all);
    return all;
  };
  view.is_half_open = [diag](const Handshake& handshake) { return diag->is_half_open(handshake); };
  return view;
}

}  // namespace

std::unique_ptr<Settlement> settle_addresses(const std::shared_ptr<SockDiag>& diag,
                                             const std::vector<SettledAddress>& addresses, Millis bound,
                                             const Clock& clock) {
  if (addresses.empty()) return settled_at_once();
  return begin_settling(view_of(diag, addresses), bound, clock);
}

}  // namespace rollctl
