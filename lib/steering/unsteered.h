// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>

#include "net/sock_diag.h"
#include "steering/classic_steering.h"
#include "steering/steering.h"

namespace rollctl {

// For hosts that cannot steer: who listens is in the rotation, and the kernel hashes.
//
// Plain leaves it at that. With Migrate the kernel moves what a listener leaves when it closes, all but one
// kind: a handshake whose last ACK is being handled at that moment on another CPU is forgotten and reset (one
// in 350 closes, with a connection per request). So where a classic program can be attached, it turns new
// connections away from those that leave, for as long as they listen, and they settle before they close:
// then there is nothing to be moved, or to be forgotten. Nobody is gated by it.
class Unsteered final : public Steering {
 public:
  // The loop must outlive it.
  static Result<std::unique_ptr<Unsteered>> create(Loop& loop, Handover way);

  [[nodiscard]] Handover way() const override { return way_; }
  // There is nothing to be kept up.
  [[nodiscard]] bool outlives_rollctl() const override { return true; }
  Status add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) override;
  Status guard(Admitted) override { return {}; }
  Status shift(const Rotation& rotation) override;
  [[nodiscard]] Rotation rotation() const override { return rotation_; }
  std::unique_ptr<Settlement> settle(InstanceId instance, Millis bound) override;
  Status remove(InstanceId instance) override;
  std::unique_ptr<AimedConnect> connect(Loop& loop, InstanceId instance, const Endpoint& target,
                                        TimePoint deadline, std::function<void(Result<Fd>)> done) override;
  Result<std::vector<SteeringHandle>> share(InstanceId instance) override;
  [[nodiscard]] std::optional<SteeringCounters> counters(InstanceId instance) const override;
  // Also ends a steering that another process has left behind at the addresses that were add()ed.
  Status detach() override;

 private:
  Unsteered(Handover way, SockDiag diag) : way_(way), diag_(std::make_shared<SockDiag>(std::move(diag))) {}

  Handover way_;
  std::unique_ptr<ClassicSteering> turning_away_;  // from those that leave; where that is possible
  std::shared_ptr<SockDiag> diag_;
  std::map<InstanceId, ProcessId> servers_;
  Rotation rotation_;
};

// Whether the kernel hands the handshakes and queued connections of a closed listener to another member of
// its group: net.ipv4.tcp_migrate_req of this network namespace is 1. Unsupported, saying how to change it,
// where it is not.
Status migration_available();

}  // namespace rollctl
