// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "net/sock_diag.h"
#include "steering/steer_group.h"
#include "steering/steering.h"

namespace rollctl {

struct EbpfSteeringOptions {
  // The handles that shims hold of an earlier rollctl's steering; those of one address are all the same. The
  // instances in it are known with their weights, but have to be add()ed again, which tells their processes.
  // Handles of a steering that was ended are ignored.
  std::vector<SteeringHandle> adopted = {};

  // A program that is loaded already, for the first address; for a caller without the capability by now.
  std::optional<SteerMaps> loaded = {};

  // Returns a duplicate of one listener of `instance` on `bound`, to attach or detach through; NotFound where
  // it has none. Empty: listeners are taken from the instance's processes (pidfd_getfd), which needs ptrace
  // rights over them.
  using TakeListener = std::function<Result<Fd>(InstanceId instance, const Endpoint& bound)>;
  TakeListener take_listener = {};
};

// Steering by an eBPF program (BPF_PROG_TYPE_SK_REUSEPORT), one per address, that is attached to the
// SO_REUSEPORT group and reads maps that this class writes. The state is in the kernel: it stays when this
// process dies, and another process can adopt it (create()) with the handles of share().
class EbpfSteering final : public Steering {
 public:
  // Loads the first program, so a success means that this process may steer; errors as load_steer_program().
  // 0.5 ms.
  static Result<std::unique_ptr<EbpfSteering>> create(EbpfSteeringOptions options = {});

  [[nodiscard]] Handover way() const override { return Handover::Steer; }
  [[nodiscard]] bool outlives_rollctl() const override { return true; }

  // On an address with a program the instance gets a slot outside the rotation. On another, one duplicate is
  // kept until the first shift() attaches. Blocks for several ms where a listener has just left another
  // steering, or is in one without handles (SteerGroup::put).
  Status add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) override;

  // An instance that does not listen gets its share once it is added again; Invalid where none listens.
  // Blocks for a grace period after a recent shift.
  Status shift(const Rotation& rotation) override;

  [[nodiscard]] Rotation rotation() const override;

  std::unique_ptr<Settlement> settle(InstanceId instance, Millis bound) override;
  Status remove(InstanceId instance) override;
  Status guard(Admitted admitted) override;
  // Stays in force with the rotation when this process dies.
  Status fall_back_to(Fallback fallback) override;

  // Exact, also under load. On an address without a program yet: connect_to_owner().
  std::unique_ptr<AimedConnect> connect(Loop& loop, InstanceId instance, const Endpoint& target,
                                        TimePoint deadline, std::string_view opening,
                                        std::function<void(Result<Fd>)> done) override;

  Result<std::vector<SteeringHandle>> share(InstanceId instance) override;
  [[nodiscard]] std::optional<SteeringCounters> counters(InstanceId instance) const override;

  // Detaches through a listener of an instance, preferably one in the rotation. An address without listeners
  // has no program any more. Afterwards all instances are forgotten. After an error some addresses are still
  // steered; call it again.
  Status detach() override;

 private:
  using TakeListener = EbpfSteeringOptions::TakeListener;
  EbpfSteering(SockDiag diag, TakeListener take_listener);
  SteerGroup* find_group(const Endpoint& bound);
  SteerGroup* find_group_of_target(const Endpoint& target);
  Result<SteerGroup*> group_for(const Endpoint& bound);
  Result<Fd> take_any_listener(SteerGroup& group);
  Status attach(SteerGroup& group);
  Status detach_group(SteerGroup& group);

  std::shared_ptr<SockDiag> diag_;
  TakeListener take_listener_;
  SystemClock clock_;
  std::optional<SteerMaps> spare_;  // loaded by create(), for the first address
  std::vector<std::unique_ptr<SteerGroup>> groups_;
  std::map<InstanceId, ProcessId> servers_;
  Rotation rotation_;
  std::set<const SteerGroup*> guarded_;  // attached by guard(), without a shift() since
};

// Tries whether this process may steer; the error says why not.
Status steering_available();

}  // namespace rollctl
