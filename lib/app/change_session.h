// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/hook_runner.h"
#include "app/signalled_output.h"
#include "app/signals.h"
#include "app/steer_program_ahead.h"
#include "base/file_lock.h"
#include "base/sink.h"
#include "deploy/recovery.h"
#include "deploy/rollout.h"
#include "state/app_lock.h"
#include "state/history.h"
#include "state/host_instances.h"
#include "state/journal.h"
#include "state/paths.h"

namespace roll {

// What a command that changes an app holds while it does: its lock, its journal, its instances.
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
    SteerProgramAhead steer_program;  // nothing where no traffic is moved
  };

  // Busy where another rollctl has the lock.
  static Result<std::unique_ptr<ChangeSession>> open(Setting setting);

  // Clears away, within a tenth of a second, what is left of folders.
  ~ChangeSession();
  ChangeSession(const ChangeSession&) = delete;
  ChangeSession& operator=(const ChangeSession&) = delete;

  [[nodiscard]] const std::string& app() const { return app_; }
  [[nodiscard]] const Paths& paths() const { return paths_; }
  // As far as the state of the app depends on it.
  [[nodiscard]] const History& history() const { return history_; }
  // More of it. Blocks on the disk.
  [[nodiscard]] Result<History> read_history(const Reach& reach) const;
  [[nodiscard]] Loop& loop() { return *loop_; }

  // The canary that stands; nothing where none does, as after a reboot.
  Result<std::optional<StandingCanary>> canary();
  // Busy while one stands: somebody has to decide about it first.
  Status check_no_canary();

  // The specification of the generation that serves; nothing before the first was completed.
  Result<std::optional<GenerationSpec>> current() const;
  // The same of an app that is meant to run; Failed, with what to do, where it is not.
  Result<GenerationSpec> running() const;

  // Finishes or undoes what a killed rollctl left; nothing where none did. Its outcome is told to the
  // observer alone.
  Result<std::optional<Verdict>> recover();

  // Clears away what nobody wants any more: remains, steering that was left, drains that nobody waited for.
  Result<std::optional<Verdict>> tidy();

  Result<Plan> preview(const RolloutRequest& request);
  // Begins what takes time before a roll_out() that starts new instances, and goes on beside whatever comes
  // in between. Called off with the session. Blocks for a moment. Once is enough.
  void prepare(const AppConfig& config);
  // Keeps the specification of what starts.
  Result<Verdict> roll_out(RolloutRequest request);

  // How many instances there are in any state.
  Result<int> count_instances();
  // Whether so many serve, of the generation that was completed last, and no others.
  Result<bool> serves_with(int instances);
  // Whether the canary serves.
  Result<bool> canary_serves();

 private:
  explicit ChangeSession(Setting setting);
  Status lock(std::string command);
  Result<int> count(const std::function<bool(const FoundInstance&)>& counts);
  Result<std::optional<Verdict>> mend(RecoveryRequest request);
  Result<std::unique_ptr<Steering>> steering_for(HandoverPolicy policy, HostInstances& instances);
  Result<LaunchPlace> place(const GenerationSpec& spec);
  Status reread();

  template <typename Act>
  auto in_world(const AppConfig& config, Act act) -> Result<decltype(act(std::declval<World&>()))>;

  Paths paths_;
  std::string app_;
  Observer& observer_;
  Sink& hook_output_;
  LockHolder self_;
  std::optional<FileLock> lock_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<SignalInterrupts> interrupts_;
  FileJournal journal_;
  History history_;
  InstanceId last_instance_ = 0;
  std::optional<InstanceId> prepared_instance_;  // whose shim waits for its orders
  std::unique_ptr<HostInstances> prepared_;
  SteerProgramAhead steer_program_;  // for the first who steers
};

}  // namespace roll
