// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

// The ways to hand over traffic, best first.
enum class Handover { Steer, Migrate, Plain };
const char* handover_name(Handover handover);

// On one address: ROLL_STEER_SLOTS.
inline constexpr size_t kMostSteered = 1024;

// Relative weights of the new connections; an instance that is not named gets none. An instance's weight is
// divided among its listeners.
using Rotation = std::map<InstanceId, double>;

// The kernel migrates what is left at the bound, where it can.
struct SettleResult {
  Millis after{0};
  // Half-open ones of the addresses, those of other members included. The kernel moves one when its client
  // finishes it, if the program is still attached then.
  size_t handshakes = 0;
  size_t queued = 0;         // connections that are not accepted; moved when their listener closes
  std::string failure = {};  // the reason why the rest is not known; empty: it is

  [[nodiscard]] size_t left() const { return handshakes + queued; }
  [[nodiscard]] bool is_complete() const { return left() == 0 && failure.empty(); }
};

// Waits until an instance that left the rotation has no half-open handshakes and empty accept queues.
class Settlement {
 public:
  virtual ~Settlement() = default;
  // Nothing while it waits. To be called about every millisecond. Blocks for a few ms at worst.
  virtual std::optional<SettleResult> poll() = 0;
};

// A connection attempt in progress; destroying it gives up.
class AimedConnect {
 public:
  virtual ~AimedConnect() = default;
};

class Loop;

// Moves the new connections of one app's addresses between its instances. way() tells what an implementation
// can do. Calls do not block unless said otherwise. An implementation has 14 methods: a factory, too.
class Steering {
 public:
  virtual ~Steering() = default;

  [[nodiscard]] virtual Handover way() const = 0;

  // Whether a rotation stays in force when this process ends, with the shims' help also after restarts. If
  // not, the process has to stay, with its loop running, as long as the rotation is not "all that listen"
  // (canary, standby), and to add() each instance again that was restarted and is ready.
  [[nodiscard]] virtual bool outlives_rollctl() const = 0;

  // Makes an instance known, outside the rotation: with Steer it gets aimed connections only. For a known
  // instance it replaces the listeners (after a restart). Duplicates are closed as soon as possible. `server`
  // is the root of the instance's process tree.
  virtual Status add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) = 0;

  // Makes this the rotation, atomically per address; its instances must have been added. Attaches the program
  // to addresses without one. An address that no instance of `rotation` listens on stays as it is. Migrate
  // and Plain: no effect; all listeners are in the rotation.
  virtual Status shift(const Rotation& rotation) = 0;

  // The instances that clients reach before the first shift(): none, so that clients are refused as if no
  // server listened; or all that were added.
  enum class Admitted { Nobody, All };

  // Attaches the program to addresses of added instances that have none, so that connections can be aimed
  // before the first shift(): in a first deploy, and at a new address. A classic program cannot refuse: it
  // admits All. Migrate and Plain: no effect.
  virtual Status guard(Admitted admitted) = 0;

  // Where clients go while no instance of the rotation has a listener, because each has closed its own to
  // open it anew: nowhere, to which each shift() returns; or to any listener of the group, as the kernel
  // chooses, which is right where the servers of all listeners have been ready. Migrate and Plain: they
  // always go to any.
  enum class Fallback { Nobody, AnyListener };
  virtual Status fall_back_to(Fallback fallback) = 0;

  [[nodiscard]] virtual Rotation rotation() const = 0;

  // Begins to settle an instance outside the rotation, for `bound` at most. Migrate and Plain: over at once.
  virtual std::unique_ptr<Settlement> settle(InstanceId instance, Millis bound) = 0;

  // Forgets an instance that has exited.
  virtual Status remove(InstanceId instance) = 0;

  // Connects to `target`, the shared port, so that `instance` accepts. `done` is called once, from the loop,
  // with a connected non-blocking socket on which `opening` was sent, or with the reason. `opening` is the
  // first byte of the request, or empty: a listener with TCP_DEFER_ACCEPT accepts only after the first byte.
  // Steer: exact. Migrate, Plain: tries until the instance happens to accept (connect_to_owner()).
  virtual std::unique_ptr<AimedConnect> connect(Loop& loop, InstanceId instance, const Endpoint& target,
                                                TimePoint deadline, std::string_view opening,
                                                std::function<void(Result<Fd>)> done) = 0;

  // Duplicates of the descriptors that the shim of `instance` needs. Empty where no program is attached.
  virtual Result<std::vector<SteeringHandle>> share(InstanceId instance) = 0;

  [[nodiscard]] virtual std::optional<SteeringCounters> counters(InstanceId instance) const = 0;

  // Lets the kernel hash over all listeners again, once all of them are to serve. Closes all duplicates
  // first: one that stays open in the group would get connections that no process accepts.
  virtual Status detach() = 0;
};

}  // namespace rollctl
