// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/instance_id.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "bpf/listener.h"
#include "bpf/steering_handle.h"

namespace rollctl {

// How traffic moves, best first.
enum class Handover { Steer, Migrate, Plain };
const char* handover_name(Handover handover);

// On one address: ROLL_STEER_SLOTS.
inline constexpr size_t kMostSteered = 1024;

// Relative shares of the new connections; who is not named gets none. An instance shares its weight among its
// listeners.
using Rotation = std::map<InstanceId, double>;

// What is still there when the bound is reached is migrated where the kernel can.
struct SettleResult {
  Millis after{0};
  // Half-open ones of the addresses, and so perhaps of other members. Where a program decides, the kernel
  // moves one when it is finished: as long as the program is attached.
  size_t handshakes = 0;
  size_t queued = 0;  // connections that nobody has accepted; moved when their listener closes

  [[nodiscard]] size_t left() const { return handshakes + queued; }
};

// Waiting until an instance that left the rotation has no half-open handshake and nothing in its accept
// queues.
class Settlement {
 public:
  virtual ~Settlement() = default;
  // Looks again; nothing while it still waits. Cheap enough (a few ms at worst) to be called every
  // millisecond. Never blocks longer than that.
  virtual std::optional<SettleResult> poll() = 0;
};

// A connection attempt in progress; destroying it gives up.
class AimedConnect {
 public:
  virtual ~AimedConnect() = default;
};

class Loop;

// Moves the new connections of one app's addresses between its instances. What an implementation cannot do is
// said by `way()`. Calls are quick (system calls that do not wait) unless said otherwise.
class Steering {
 public:
  virtual ~Steering() = default;

  [[nodiscard]] virtual Handover way() const = 0;

  // Whether what was shifted stays right when this process ends, also while instances come and go: their
  // shims see to it then. Where it does not, the process stays as long as the rotation is not "all that
  // listen" (canary, standby), its loop running, and add()s an instance of the rotation again once that was
  // restarted and is ready.
  [[nodiscard]] virtual bool outlives_rollctl() const = 0;

  // Makes an instance known, outside the rotation: with Steer it now gets aimed connections and nothing else.
  // Adding a known instance again replaces its listeners (after a restart). The duplicates are closed as soon
  // as they are not needed any more. `server` is the root of the instance's process tree.
  virtual Status add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) = 0;

  // Makes this the rotation, atomically per address; all of it must have been added. Attaches the program to
  // addresses that have none yet. An address that none of `rotation` listens on keeps its members as they
  // are: it closes with them. With Migrate and Plain nothing happens: who listens is in the rotation.
  virtual Status shift(const Rotation& rotation) = 0;

  // Whom clients reach where nobody serves yet: nobody, so that they are refused as before anybody listened;
  // or all that were added.
  enum class Admitted { Nobody, All };

  // Attaches the program to the addresses of added instances that have none yet, so that connections can be
  // aimed before anything is shifted: in a first deploy, and at an address that is new. What is admitted
  // there holds until a shift() leads somebody there. A classic program can refuse nothing: there it is All.
  // With Migrate and Plain nothing happens.
  virtual Status guard(Admitted admitted) = 0;

  [[nodiscard]] virtual Rotation rotation() const = 0;

  // Nothing else is to be done for a while, and instances of the rotation will leave it then: what settling
  // has to look at may be looked at now. Takes as long as a Settlement's poll().
  virtual void look_ahead() {}

  // Begins to settle an instance that is outside the rotation. Bounded by `bound`. With Migrate and Plain it
  // is over at once.
  virtual std::unique_ptr<Settlement> settle(InstanceId instance, Millis bound) = 0;

  // Forgets an instance that has exited; its slots become free.
  virtual Status remove(InstanceId instance) = 0;

  // Connects to `target`, the shared port, so that exactly `instance` accepts. `done` is called once, from
  // the loop, with a connected non-blocking socket on which nothing was sent, or with the reason. Steer:
  // exact. Migrate, Plain: by looking who owns the accepted socket, closing and trying again until it is the
  // asked one.
  virtual std::unique_ptr<AimedConnect> connect(Loop& loop, InstanceId instance, const Endpoint& target,
                                                TimePoint deadline, std::function<void(Result<Fd>)> done) = 0;

  // What the shim of `instance` needs to act alone, as duplicates. Empty where nothing is attached.
  virtual Result<std::vector<SteeringHandle>> share(InstanceId instance) = 0;

  [[nodiscard]] virtual std::optional<SteeringCounters> counters(InstanceId instance) const = 0;

  // Lets the kernel hash over all listeners again. Called when all that listen are meant to serve. Every
  // duplicate that this object holds is closed first: one left open in the group would get connections that
  // nobody accepts.
  virtual Status detach() = 0;
};

}  // namespace rollctl
