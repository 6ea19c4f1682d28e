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

// The listeners of one address that settle, by SO_COOKIE.
struct SettledAddress {
  Endpoint bound;
  std::vector<uint64_t> cookies;
};

// Settles an instance with these listeners in this network namespace, as in settle.h; over at once without
// any.
std::unique_ptr<Settlement> settle_addresses(const std::shared_ptr<SockDiag>& diag,
                                             const std::vector<SettledAddress>& addresses, Millis bound,
                                             const Clock& clock);

}  // namespace rollctl
