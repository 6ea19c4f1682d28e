// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "deploy/ending.h"
#include "deploy/joining.h"
#include "deploy/wait.h"

namespace rollctl {

// After so long the kernel has given up a handshake whose client is silent: 63 s with
// net.ipv4.tcp_synack_retries = 5, the default.
inline constexpr Millis kHandshakeLife{65'000};

// Takes instances that left the rotation to their end: Settling, then Draining or Standby, then Stopped.
class Retirement {
 public:
  Retirement(World& world, Recorder& recorder, Fleet& fleet, Membership& membership, SteeringLeases& leases,
             const TrafficShift& traffic, Joining& joining);

  // Blocks until none of `leaving` that are Settling has handshakes or queued connections left, at most
  // `bound`, and while none of `watched` is in trouble: that ends this act.
  Act settle(const std::vector<InstanceId>& leaving, Millis bound, OnInterrupt on_interrupt,
             const std::vector<InstanceId>& watched = {});

  // Tells settled instances to stand by for so long; then their shims drain them. Returns those whose shims
  // could not be told.
  std::vector<InstanceId> stand_by(const std::vector<InstanceId>& left, Millis duration,
                                   const DrainOrder& drain);

  // Tells instances to end: intents on the disk, orders, events. Those that are Draining or gone are passed
  // over. Does not wait for their ends. At the first that cannot be told it fails; the earlier ones drain.
  // Where one of `watched` is in trouble before the first order, none is told.
  Act drain(const std::vector<InstanceId>& leaving, const DrainOrder& order,
            const std::vector<InstanceId>& watched = {});

  // Blocks until none of them listens, at most `bound`: then the steering may be detached. Where the handover
  // may have moved connections between listeners, also until none of those is stranded.
  Waited await_closed(const std::vector<InstanceId>& leaving, Millis bound, OnInterrupt on_interrupt);

  // Blocks until none of them is left, as long as their shims grant: these enforce the deadlines. HostFailed
  // where one is left after that: its shim fell silent.
  Act await_drained(const std::vector<InstanceId>& leaving, OnInterrupt on_interrupt);

  // Connections that drain deadlines have cut.
  [[nodiscard]] size_t connections_cut() const;
  // The sum of the ended drains that asked clients to leave; nothing where none did.
  [[nodiscard]] std::optional<HttpReport> http_report() const;
  // Handshakes and queued connections that had not settled at the bound.
  [[nodiscard]] size_t left() const { return handshakes_left_ + queued_left_; }
  // The kernel moves some of the handshakes that are left when their clients finish them, if the steering
  // stays attached for kHandshakeLife.
  [[nodiscard]] bool leaves_handshakes() const;

 private:
  void look_at_settlements();
  Act drain_one(Member& member, const DrainOrder& order);
  void look_at_drain(Member& member);
  [[nodiscard]] bool has_closed(const std::vector<InstanceId>& leaving) const;
  void wake_stranded(OnInterrupt on_interrupt);
  [[nodiscard]] TimePoint last_deadline(const std::vector<InstanceId>& leaving) const;
  [[nodiscard]] std::vector<InstanceId> still_there(const std::vector<InstanceId>& leaving) const;

  World& world_;
  Recorder& recorder_;
  Fleet& fleet_;
  Membership& membership_;
  SteeringLeases& leases_;
  const TrafficShift& traffic_;
  Joining& joining_;
  std::map<InstanceId, std::unique_ptr<Settlement>> settlements_;
  std::set<InstanceId> settled_;  // nothing is left for the kernel to move when their listeners close
  size_t handshakes_left_ = 0;
  size_t queued_left_ = 0;
};

}  // namespace rollctl
