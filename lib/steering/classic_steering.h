// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "loop/loop.h"
#include "net/sock_diag.h"
#include "steering/classic_group.h"
#include "steering/steering.h"

namespace rollctl {

// Steering without privilege, by a classic BPF program (SO_ATTACH_REUSEPORT_CBPF); it needs the listeners
// only. The program chooses by position in the group. So while it steers, this object watches, from the loop,
// for listeners that close and processes that exit, and replaces the program. If this process dies, the
// program stays, and sends more connections to wrong members with every listener that closes. The next
// steering replaces it at its first add().
class ClassicSteering final : public Steering {
 public:
  enum class Gate {
    Yes,  // from the first shift() until detach() instances outside the rotation get no connections
    No,   // a program is attached only while an instance that left the rotation still listens
  };

  // The loop must outlive it. Its errors are those of classic_steering_available().
  static Result<std::unique_ptr<ClassicSteering>> create(Loop& loop, Gate gate = Gate::Yes);

  [[nodiscard]] Handover way() const override { return Handover::Steer; }
  [[nodiscard]] bool outlives_rollctl() const override { return false; }

  // Holds each listener until no other process has it open, and then closes it, from the loop, at a moment
  // when no connection is misled: at once after an exit; within 2 to 20 ms while an instance outside the
  // rotation listens; else within 0.05 to 1 s. Reads all of /proc to find the holders.
  Status add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) override;

  // Finds positions where they have changed (0.1 ms a listener), then attaches. Weights are exact on average.
  Status shift(const Rotation& rotation) override;

  // The kernel hashes over all listeners, as without a program; only aimed connections are steered.
  Status guard(Admitted admitted) override;

  Status fall_back_to(Fallback fallback) override;

  [[nodiscard]] Rotation rotation() const override { return rotation_; }
  std::unique_ptr<Settlement> settle(InstanceId instance, Millis bound) override;
  Status remove(InstanceId instance) override;

  // Exact, also under load. On an address without a program yet: connect_to_owner().
  std::unique_ptr<AimedConnect> connect(Loop& loop, InstanceId instance, const Endpoint& target,
                                        TimePoint deadline, std::string_view opening,
                                        std::function<void(Result<Fd>)> done) override;

  // Empty: shims cannot do the upkeep.
  Result<std::vector<SteeringHandle>> share(InstanceId instance) override;

  // Classic programs count nothing.
  [[nodiscard]] std::optional<SteeringCounters> counters(InstanceId instance) const override;

  // Also detaches the program that another process left on the addresses that were add()ed.
  Status detach() override;

 private:
  ClassicSteering(Loop& loop, Gate gate, SockDiag diag)
      : loop_(loop), gate_(gate), diag_(std::make_shared<SockDiag>(std::move(diag))) {}
  ClassicGroup* find_group(const Endpoint& bound);
  std::shared_ptr<ClassicGroup> find_group_of_target(const Endpoint& target);
  ClassicGroup& group_for(const Endpoint& bound);
  [[nodiscard]] bool listens(InstanceId instance) const;
  Status apply(ClassicGroup& group);
  void tend();

  Loop& loop_;
  Gate gate_;
  std::shared_ptr<SockDiag> diag_;
  SystemClock clock_;
  std::vector<std::shared_ptr<ClassicGroup>> groups_;
  std::map<InstanceId, ProcessId> servers_;
  Rotation rotation_;
  Watch tend_again_;
};

// Tries whether this host lets an ordinary user steer; the error says why not.
Status classic_steering_available();

}  // namespace rollctl
