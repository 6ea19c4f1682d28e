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
#include "process/orders.h"
#include "process/shim_event.h"

namespace rollctl {

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
