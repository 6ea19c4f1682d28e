// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/acknowledgement.h"
#include "base/fd.h"
#include "base/result.h"
#include "bpf/listener.h"
#include "bpf/steering_handle.h"
#include "loop/loop.h"
#include "process/instance_record.h"
#include "process/orders.h"
#include "process/shim_event.h"

namespace rollctl {

// A shim that sends nothing for so long while an answer is due is silent: stopped, or busy with other
// clients. A silent shim may well live: the lock on its run directory says whether it does.
inline constexpr Millis kShimPatience{5000};

// The steering of one instance, as far as its shim can see.
struct SteeringView {
  SteeringCounters counters;     // since the instance was launched
  std::optional<SlotUse> slots;  // nothing: it is not steered now, or the shim is too old to tell
};

// One connection to one shim. Requests are sent at once and never block; the shim handles them in order. An
// answer is awaited for at most kShimPatience, counted from the request or from the shim's last packet: a
// silent shim costs this once, however many requests are sent. Destroying the client leaves shim and server
// as they are; requests without an acknowledgement by then may still be carried out.
class ShimClient {
 public:
  using OnEvent = std::function<void(const ShimEvent&)>;

  // Connects to RUN_DIR/control.sock and checks the shim's credentials (root or this user). NotFound or
  // Failed if no shim listens or answers there, Busy if its backlog is full. Waits for the first answer.
  static Result<std::unique_ptr<ShimClient>> connect(Loop& loop, const std::string& run_dir,
                                                     OnEvent on_event);

  // The same in two steps: call() sends the request without waiting; calling the Introduction, once, waits
  // for the answer. Several shims can so prepare their answers at the same time.
  using Introduction = std::function<Result<std::unique_ptr<ShimClient>>()>;
  static Result<Introduction> call(Loop& loop, const std::string& run_dir, OnEvent on_event);

  virtual ~ShimClient() = default;

  // The connection has ended: every further call fails. The event Gone was delivered, or will be.
  [[nodiscard]] virtual bool has_gone() const = 0;

  // The last record that the shim sent.
  [[nodiscard]] virtual const InstanceRecord& record() const = 0;

  // Duplicates of the listeners that the server and its children have on the app's addresses.
  virtual Result<std::vector<Listener>> take_listeners() = 0;

  // The shim writes the role into its record before it acknowledges.
  virtual Acknowledgement set_role(const RoleOrder& role) = 0;

  // Lets $ROLL_GATE_FD read EOF.
  virtual Status open_gate() = 0;

  // Gives the shim the steering descriptors that it holds while its group is steered; empty: it closes those
  // that it has.
  virtual Acknowledgement hold_steering(std::vector<SteeringHandle> handles, SteeringTerm term = {}) = 0;
  // Duplicates of the steering descriptors that the shim holds.
  virtual Result<std::vector<SteeringHandle>> take_steering() = 0;

  // Blocks for at most kShimPatience.
  virtual Result<SteeringView> look_at_steering() = 0;

  // Signal, wait, SIGKILL at the deadline; the server is not restarted any more. The shim carries this out
  // whether or not a client stays connected. When no process of the instance is left, it removes its run
  // directory and ends. A second drain can only shorten the deadline. The acknowledgement is for the order,
  // not for its end.
  virtual Acknowledgement drain(const DrainOrder& order) = 0;
};

// A client on a connected socket. `known`: the record so far, with its spec. Events are delivered from the
// loop only.
std::unique_ptr<ShimClient> make_shim_client(Loop& loop, Fd connection, InstanceRecord known,
                                             ShimClient::OnEvent on_event);

}  // namespace rollctl
