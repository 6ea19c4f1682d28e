// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>

#include "net/sock_diag.h"
#include "steering/classic_steering.h"
#include "steering/steering.h"

namespace rollctl {

// For hosts that cannot steer: every listener is in the rotation, and the kernel hashes.
//
// Plain does no more. With Migrate the kernel moves the handshakes and queued connections of a closing
// listener, except a handshake whose last ACK another CPU handles at that moment, which is reset (one in 350
// closes, with a connection per request). So where a classic program can be attached, it turns new
// connections away from instances that leave, and these settle before they close: then nothing has to be
// moved. It gates no instance.
//
// It needs no descriptors of the listeners; without them it turns nothing away.
class Unsteered final : public Steering {
 public:
  // The loop must outlive it.
  static Result<std::unique_ptr<Unsteered>> create(Loop& loop, Handover way);

  [[nodiscard]] Handover way() const override { return way_; }
  // No state to maintain.
  [[nodiscard]] bool outlives_rollctl() const override { return true; }
  Status add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) override;
  Status guard(Admitted) override { return {}; }
  Status shift(const Rotation& rotation) override;
  Status fall_back_to(Fallback fallback) override;
  [[nodiscard]] Rotation rotation() const override { return rotation_; }
  std::unique_ptr<Settlement> settle(InstanceId instance, Millis bound) override;
  Status remove(InstanceId instance) override;
  std::unique_ptr<AimedConnect> connect(Loop& loop, InstanceId instance, const Endpoint& target,
                                        TimePoint deadline, std::string_view opening,
                                        std::function<void(Result<Fd>)> done) override;
  Result<std::vector<SteeringHandle>> share(InstanceId instance) override;
  [[nodiscard]] std::optional<SteeringCounters> counters(InstanceId instance) const override;
  // Also detaches the program that another process left on the addresses that were add()ed.
  Status detach() override;

 private:
  Unsteered(Handover way, SockDiag diag) : way_(way), diag_(std::make_shared<SockDiag>(std::move(diag))) {}

  Handover way_;
  std::unique_ptr<ClassicSteering> turning_away_;  // from instances that leave; null: not possible
  std::shared_ptr<SockDiag> diag_;
  std::map<InstanceId, ProcessId> servers_;
  Rotation rotation_;
};

// Whether the kernel moves the handshakes and queued connections of a closed listener to another member of
// its group: net.ipv4.tcp_migrate_req of this network namespace is 1, and a trial on the loopback device
// worked. Else Unsupported, with a hint, or the error of the trial.
Status migration_available();

}  // namespace rollctl
