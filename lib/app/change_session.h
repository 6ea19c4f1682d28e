// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/app_state.h"
#include "app/placement.h"
#include "app/signalled_output.h"
#include "app/signals.h"
#include "base/file_lock.h"
#include "base/sink.h"
#include "deploy/recovery.h"
#include "deploy/rollout.h"
#include "state/app_lock.h"
#include "state/host_instances.h"
#include "state/journal.h"
#include "state/paths.h"

namespace rollctl {

// Everything that a command holds while it changes an app: the lock, the journal, the instances.
class ChangeSession {
 public:
  enum class Access {
    Change,   // takes the lock
    Preview,  // only looks; makes no folder
  };

  // Observer and outputs are borrowed.
  struct Setting {
    Paths paths;
    std::string app;
    Access access = Access::Change;
    std::string command;  // "deploy web v2": what other rollctls are told while this one holds the lock
    Observer& observer;
    SignalledOutput& output;
    Sink& hook_output;
  };

  // Busy where another rollctl has the lock.
  static Result<std::unique_ptr<ChangeSession>> open(Setting setting);

  // Clears away, within a tenth of a second, what is left of folders.
  ~ChangeSession();
  ChangeSession(const ChangeSession&) = delete;
  ChangeSession& operator=(const ChangeSession&) = delete;

  [[nodiscard]] const Paths& paths() const { return paths_; }
  // How the app stands; read again after every recovery.
  [[nodiscard]] AppState& state() { return *state_; }

  // Finishes or undoes what a killed rollctl left; nothing where none did. Its outcome is told to the
  // observer alone.
  Result<std::optional<Verdict>> recover();

  // Clears leftovers away: remains of instances, steering that was left, drains that nobody waited for.
  Result<std::optional<Verdict>> tidy();

  // Strangers on the app's ports, and instances that new ones, as `config` describes them, could not share a
  // port with. Empty: nothing is wrong.
  std::vector<Error> check_ports(const AppConfig& config);

  // Both fail where the host has not what a start needs (check_means), and warn of what has no effect here.
  // roll_out() keeps the specification of what starts.
  Result<Plan> preview(const RolloutRequest& request);
  Result<Verdict> roll_out(RolloutRequest request);

 private:
  struct Hold {
    LockHolder self;
    FileLock lock;
  };

  explicit ChangeSession(Setting setting);
  Status lock(std::string command);
  Status reread();
  Status check_means(const AppConfig& config);
  void prepare(const AppConfig& config);
  Result<std::optional<Verdict>> mend(RecoveryRequest request);
  Result<std::unique_ptr<Steering>> steering_for(HandoverPolicy policy);
  PlaceInstance placing();

  template <typename Act>
  auto in_world(const AppConfig& config, Act act) -> Result<decltype(act(std::declval<World&>()))>;

  Paths paths_;
  std::string app_;
  Observer& observer_;
  Sink& hook_output_;
  FileJournal journal_;
  Placement placement_;
  std::optional<Hold> hold_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<SignalInterrupts> interrupts_;
  std::unique_ptr<HostInstances> instances_;
  std::optional<AppState> state_;
};

}  // namespace rollctl
