// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "net/sock_diag.h"
#include "steering/steering.h"

namespace rollctl {

// What of one address settles: listeners by SO_COOKIE.
struct SettledAddress {
  Endpoint bound;
  std::vector<uint64_t> cookies;
  // As SettleView::has_no_handshakes, of this address.
  std::function<bool()> has_no_handshakes = {};
};

// Settling as in settle.h, of an instance with these listeners in this network namespace; over at once where
// there are none.
std::unique_ptr<Settlement> settle_addresses(const std::shared_ptr<SockDiag>& diag,
                                             const std::vector<SettledAddress>& addresses, Millis bound,
                                             const Clock& clock);

}  // namespace rollctl
