// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/app_source.h"
#include "app/attended_canary.h"
#include "app/change_session.h"
#include "app/planned_change.h"

namespace rollctl {

// The options of a command that moves traffic. If one is empty, the app file decides.
struct ChangeOptions {
  AppOptions app;
  std::optional<std::vector<double>> canary;  // percent, one for each step
  std::optional<Millis> bake;
  std::optional<Millis> hold;
  std::optional<Batch> batch;
  std::optional<Millis> ready_deadline;
  std::optional<Millis> drain_deadline;
  AfterShift after_shift = AfterShift::AwaitDrains;
  std::string note;
  enum class Hooks { Run, Skip };
  Hooks hooks = Hooks::Run;
  Millis wait_lock{0};  // for another rollctl to release the app's lock
};

// One call of a command that moves traffic.
struct ChangeCall {
  AppCommand command = AppCommand::Deploy;
  AppName app;
  ChangeOptions options;
  // Sent to another rollctl that holds the lock and attends a canary. Empty: the call fails as Busy instead.
  std::optional<CanaryDecision> decision;
};

// The app, and its current description if the command reads the app file (AppCommand's traits).
struct TargetApp : AppName {
  std::optional<AppDescription> description;
};

// Decides which change to make, from the current state of the app; nothing if no change is needed.
using DecideChange =
    std::function<Result<std::optional<RolloutRequest>>(ChangeSession& session, const TargetApp& app)>;

// An interrupted rollctl left a change that could be neither
// finished nor undone, so no new change was started.
struct Unrecovered {
  Error error;
};

using ChangeResult = std::variant<Verdict, PlannedChange, Unrecovered>;

// Runs a command that moves traffic: locks the app, recovers an interrupted change, calls `decide`, and makes
// the change; with Access::Preview it only plans the change. The observer gets every event. An error means
// that no change was started. Blocks until the change has ended.
Result<ChangeResult> change_app(const ChangeCall& call, const DecideChange& decide,
                                ChangeSession::Setting setting);

// Fills the parts of a request that every command takes from the specification and the options.
RolloutRequest request_for(const ChangeCall& call, const History& history, GenerationSpec spec);

// The request that drains the canary and leaves all
// connections to the current release. Failed if there is none.
Result<RolloutRequest> reweigh_canary(const ChangeCall& call, const AppState& state,
                                      const StandingCanary& canary, double percent);
Result<RolloutRequest> withdraw_canary(const ChangeCall& call, const AppState& state,
                                       const StandingCanary& canary);

}  // namespace rollctl
