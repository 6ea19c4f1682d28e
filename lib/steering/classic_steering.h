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

// Steering without any privilege, by a classic BPF program (SO_ATTACH_REUSEPORT_CBPF): all it needs is the
// listeners themselves. The program knows positions in the group only, so this process has to see to it for
// as long as it steers: from the loop, it looks after listeners that were closed and processes that exited.
// When it dies, the program stays, and what it says gets less true with every listener that closes: such a
// connection goes to a member by hash. The next one that steers replaces it, from an add() on.
class ClassicSteering final : public Steering {
 public:
  enum class Gate {
    Yes,  // from the first shift() until detach() whoever is not in the rotation gets nothing
    No,   // only those that leave get nothing; the program is there while one of them listens
  };

  // The loop must outlive it. Its errors are those of classic_steering_available().
  static Result<std::unique_ptr<ClassicSteering>> create(Loop& loop, Gate gate = Gate::Yes);

  [[nodiscard]] Handover way() const override { return Handover::Steer; }
  [[nodiscard]] bool outlives_rollctl() const override { return false; }

  // A listener is held until nobody else holds it, and then closed when that misleads nobody: at once
  // where a process exited, within 2 to 20 ms while somebody is outside the rotation, else within 0.05 to 1
  // s; all of it in the loop. Reads all of /proc, to know who holds it.
  Status add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) override;

  // Attaches, after the positions have been found: 0.1 ms a listener where these have changed. Weights are
  // exact, by random numbers.
  Status shift(const Rotation& rotation) override;

  // The kernel hashes over all that listen, as without a program; only aimed connections are led.
  Status guard(Admitted admitted) override;

  [[nodiscard]] Rotation rotation() const override { return rotation_; }
  std::unique_ptr<Settlement> settle(InstanceId instance, Millis bound) override;
  Status remove(InstanceId instance) override;

  // Exact, also under load. To an address whose program is not attached yet: by owner, as without steering.
  std::unique_ptr<AimedConnect> connect(Loop& loop, InstanceId instance, const Endpoint& target,
                                        TimePoint deadline, std::function<void(Result<Fd>)> done) override;

  // Nobody but this process can keep it right.
  Result<std::vector<SteeringHandle>> share(InstanceId instance) override;

  // Classic programs count nothing.
  [[nodiscard]] std::optional<SteeringCounters> counters(InstanceId instance) const override;

  // Also ends a steering that another process has left behind at the addresses that were add()ed.
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

// Whether this host lets an ordinary user steer, by trying; the error says why not.
Status classic_steering_available();

}  // namespace rollctl
