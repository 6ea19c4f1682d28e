// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/app_state.h"
#include "app/keeping.h"
#include "app/placement.h"
#include "app/signalled_output.h"
#include "app/signals.h"
#include "base/caller.h"
#include "base/file_lock.h"
#include "base/sink.h"
#include "deploy/recovery.h"
#include "deploy/rollout.h"
#include "state/app_lock.h"
#include "state/host_instances.h"
#include "state/journal.h"
#include "state/paths.h"

namespace rollctl {

// Holds what a command needs while it changes an app: the lock, the journal, the instances.
class ChangeSession {
 public:
  enum class Access {
    Change,   // takes the lock
    Preview,  // takes no lock, makes no folder
  };

  // Observer and outputs are borrowed.
  struct Setting {
    Paths paths;
    std::string app;
    Access access = Access::Change;
    std::string command;  // "deploy web v2"; other rollctls print it while the lock is held
    Observer& observer;
    SignalledOutput& output;
    Sink& hook_output;
    Millis wait_lock{0};  // while another rollctl holds the lock, which the observer is told
  };

  // Busy if another rollctl holds the lock.
  static Result<std::unique_ptr<ChangeSession>> open(Setting setting);

  // Releases the lock and removes discarded folders, for at most a tenth of a second.
  ~ChangeSession();
  ChangeSession(const ChangeSession&) = delete;
  ChangeSession& operator=(const ChangeSession&) = delete;

  [[nodiscard]] const Paths& paths() const { return paths_; }
  // The app's state; reread after every recovery.
  [[nodiscard]] AppState& state() { return *state_; }

  // Finishes or undoes the change of an interrupted rollctl; nothing if there is none.
  Result<std::optional<Verdict>> recover();

  // Removes leftovers: remains of instances, steering that is no longer needed, unfinished drains.
  Result<std::optional<Verdict>> tidy();

  // Reports foreign processes on the app's ports, and instances with which new instances of `config` could
  // not share a port. Empty if there are none.
  std::vector<Error> check_ports(const AppConfig& config);

  // Both fail if the host lacks something that a start needs (check_means()), and warn of settings without
  // effect. roll_out() also keeps the specification.
  Result<Plan> preview(const RolloutRequest& request);
  Result<Verdict> roll_out(RolloutRequest request);

 private:
  struct Hold {
    LockHolder self;
    FileLock lock;
    Caller caller;
  };

  explicit ChangeSession(Setting setting);
  Status lock(std::string command, Millis wait);
  Status reread();
  Status check_means(const AppConfig& config);
  void warn_of_taking(const AppConfig& config);
  void prepare(const AppConfig& config);
  Leftovers find_leftovers(const RolloutRequest& request) const;
  Result<std::optional<Verdict>> mend(RecoveryRequest request);
  Result<std::unique_ptr<Steering>> steering_for(const AppConfig& config);
  PlaceInstance placing();

  template <typename Use>
  auto in_world(const AppConfig& config, Use use) -> Result<decltype(use(std::declval<World&>()))>;

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
