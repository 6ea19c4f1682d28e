// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/acknowledgement.h"
#include "base/result.h"
#include "bpf/listener.h"
#include "bpf/steering_handle.h"
#include "loop/loop.h"
#include "process/instance_record.h"

namespace rollctl {

// What a shim tells without being asked.
struct ShimEvent {
  enum class Kind {
    Launched,       // the server runs (exec worked); `record.server` is set
    LaunchFailed,   // `message` says stage and errno: cannot start "./web" (changing to "/srv/web"): No such
                    // file …
    NotifiedReady,  // READY=1
    StatusText,     // STATUS=, in record.status, or a drain that was given more time, or ready again
    Exited,  // the server ended; `exit`; the record's state says what follows: Restarting, Failed or Stopped
    Restarted,  // a new server process runs
    Gone,  // the connection to the shim ended: it has finished (after Stopped or LaunchFailed), or it died
  };
  Kind kind;
  InstanceRecord record;           // as of the event; with Gone the last one known
  std::optional<ExitStatus> exit;  // with Exited
  std::string message;
  std::optional<size_t> connections_cut;  // with Exited after a drain whose deadline was enforced
};

enum class DrainStart {
  Signal,  // the server is told at once, and drains
  Idle,    // it is told once it has no connection left: for one that cannot drain
};

struct DrainOrder {
  int signal = 15;
  Millis deadline{60'000};  // SIGKILL then, whatever is still open
  DrainStart start = DrainStart::Signal;
};

// After so long the shim of a standby drains it, at a moment when no rollctl is at work.
struct HoldOrder {
  Millis duration{0};
  DrainOrder drain;
};

// What rollctl decided about an instance.
struct RoleOrder {
  InstanceState state = InstanceState::Ready;  // or Serving, Canary, Standby, Settling
  double weight = 0;                           // percent of the new connections
  // The generation that it belongs to from now on, where that is another than before: of a rollback that
  // found it standing by.
  std::optional<int64_t> generation = {};
  std::optional<HoldOrder> hold = {};  // with Standby
};

// Until when a shim holds the steering that it was given.
struct SteeringTerm {
  enum class Until {
    Told,   // until rollctl says otherwise
    Alone,  // at the latest until nobody is left outside the rotation: then the shim ends the steering, at a
            // moment when no rollctl is at work
  };
  Until until = Until::Told;
  Millis look_after{0};  // with Alone: there is no use in looking sooner
};

// A shim that has not answered for so long, nor said anything else, is silent: stopped, or busy with others.
// That says nothing about whether it lives; the lock on its run directory does.
inline constexpr Millis kShimPatience{5000};

// One connection to one shim. Requests are sent at once; sends never block. The shim deals with them one
// after the other. Who waits for an answer waits for kShimPatience at most, counted from when the shim was
// asked, or was heard last: a silent one costs this once, however much is asked of it. Destroying it leaves
// shim and server as they are; what is not acknowledged by then never is, and may be done all the same.
class ShimClient {
 public:
  using OnEvent = std::function<void(const ShimEvent&)>;

  // To the shim that serves RUN_DIR/control.sock; its credentials are checked (root or this user). NotFound
  // or Failed where nobody listens there or answers, Busy where too many wait for it. Waits for the answer.
  static Result<std::unique_ptr<ShimClient>> connect(Loop& loop, const std::string& run_dir,
                                                     OnEvent on_event);

  // The same in two steps, so that a shim has its answer ready by the time that somebody wants it: call()
  // asks, without waiting, and what it returns waits for the answer. To be called once.
  using Introduction = std::function<Result<std::unique_ptr<ShimClient>>()>;
  static Result<Introduction> call(Loop& loop, const std::string& run_dir, OnEvent on_event);

  virtual ~ShimClient() = default;

  // The connection has ended: every further call fails, and Gone is told or was.
  [[nodiscard]] virtual bool has_gone() const = 0;

  // The last record that the shim sent; at connect() a fresh one.
  [[nodiscard]] virtual const InstanceRecord& record() const = 0;

  // The listeners of the server and its children on the app's addresses, as duplicates. One that belongs to
  // another app's address is not among them.
  virtual Result<std::vector<Listener>> take_listeners() = 0;

  // The shim writes it into the record before it acknowledges.
  virtual Acknowledgement set_role(const RoleOrder& role) = 0;

  // Lets $ROLL_GATE_FD read EOF.
  virtual Status open_gate() = 0;

  // The steering descriptors that the shim holds while its group is steered, or lets go of (empty).
  virtual Acknowledgement hold_steering(std::vector<SteeringHandle> handles, SteeringTerm term = {}) = 0;
  //
  virtual Result<std::vector<SteeringHandle>> take_steering() = 0;

  // What was steered to the instance since it was launched, as far as its shim could see. Blocks for at most
  // ten seconds.
  virtual Result<SteeringCounters> counters() = 0;

  // Signal, wait, SIGKILL at the deadline; the server is not restarted any more. The shim sees to it whether
  // or not anybody stays connected, ends when no process of the instance is left, and removes its run
  // directory. A second drain can only shorten the deadline. What is acknowledged is the order, not its end.
  virtual Acknowledgement drain(const DrainOrder& order) = 0;
};

}  // namespace rollctl
