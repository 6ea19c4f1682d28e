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
  // What shims hold of an earlier rollctl's steering; several shims' handles of one address are the same.
  // The instances in it are known, and in the rotation they were in, but add() them again nevertheless: only
  // that tells where their processes are. Handles of a steering that was ended are passed over.
  std::vector<SteeringHandle> adopted = {};

  // A program that is loaded already, for the first address: by who may not load one any more.
  std::optional<SteerMaps> loaded = {};

  // A duplicate of any one listener of `instance` on `bound`, needed for a moment to attach or detach.
  // NotFound where it has none (any more). Empty: taken out of the instance's processes (pidfd_getfd), which
  // needs ptrace rights over them.
  using TakeListener = std::function<Result<Fd>(InstanceId instance, const Endpoint& bound)>;
  TakeListener take_listener = {};
};

// Steering by an eBPF program (BPF_PROG_TYPE_SK_REUSEPORT), one per address, that is attached to the
// SO_REUSEPORT group and looks up what this class writes into its maps. The traffic state lives in the
// kernel: when this process dies it stays as it is, and whoever gets handles (share()) can take it over
// (create()).
class EbpfSteering final : public Steering {
 public:
  // Loads the first program, so a success says that this process may steer; its errors are those of
  // load_steer_program(). 0.5 ms.
  static Result<std::unique_ptr<EbpfSteering>> create(EbpfSteeringOptions options = {});

  [[nodiscard]] Handover way() const override { return Handover::Steer; }
  [[nodiscard]] bool outlives_rollctl() const override { return true; }

  // Several ms where a listener has just left another steering, or is in one that nobody has a handle of (see
  // SteerGroup::put). An instance that
  // listens on an address whose program is attached gets a slot there outside the rotation; one duplicate per
  // address is kept until the first shift() attaches.
  Status add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) override;

  // An instance that listens nowhere at the moment gets its share once it is added again; Invalid where that
  // is so for all. Waits for a grace period when the previous shift was less than that ago.
  Status shift(const Rotation& rotation) override;

  [[nodiscard]] Rotation rotation() const override;

  // Finds the listeners that no client has come to since the program was attached, and none was coming to
  // then. As long as none is led to them either, settling has no handshake to look for.
  void look_ahead() override;
  std::unique_ptr<Settlement> settle(InstanceId instance, Millis bound) override;
  Status remove(InstanceId instance) override;
  Status guard(Admitted admitted) override;

  // Exact, also under load. To an address whose program is not attached yet: by owner, as without steering.
  std::unique_ptr<AimedConnect> connect(Loop& loop, InstanceId instance, const Endpoint& target,
                                        TimePoint deadline, std::function<void(Result<Fd>)> done) override;

  Result<std::vector<SteeringHandle>> share(InstanceId instance) override;
  [[nodiscard]] std::optional<SteeringCounters> counters(InstanceId instance) const override;

  // Detaches through a listener of an instance, taken for that moment, those of the rotation first. An
  // address that nobody listens on any more has no program left. Afterwards every instance is unknown. On an
  // error the addresses that are still steered stay as they are; call it again.
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
  [[nodiscard]] std::function<bool()> has_no_handshakes(const SteerGroup& group, InstanceId instance) const;

  std::shared_ptr<SockDiag> diag_;
  TakeListener take_listener_;
  SystemClock clock_;
  std::optional<SteerMaps> spare_;  // loaded by create(), for the first address
  std::vector<std::unique_ptr<SteerGroup>> groups_;
  std::map<InstanceId, ProcessId> servers_;
  Rotation rotation_;
  std::set<const SteerGroup*> guarded_;  // attached by guard(), and nobody was led there yet
  // By address: the listeners that had no half-open handshake when it was looked at.
  std::map<Endpoint, std::vector<uint64_t>> quiet_;
};

// Whether this process may steer, by trying; the error says why not.
Status steering_available();

}  // namespace rollctl
