// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "app/app_source.h"
#include "app/attended_canary.h"
#include "app/change_session.h"
#include "app/planned_change.h"

namespace rollctl {

// The options of a command that moves traffic. Where one is empty, the app file decides.
struct ChangeOptions {
  AppOptions app;
  std::optional<double> canary;  // percent
  std::optional<Millis> bake;
  std::optional<Millis> hold;
  std::optional<Batch> batch;
  std::optional<Millis> ready_deadline;
  std::optional<Millis> drain_deadline;
  AfterShift after_shift = AfterShift::AwaitDrains;
  std::string note;
};

// One call of a command that moves traffic.
struct ChangeCall {
  AppCommand command = AppCommand::Deploy;
  AppName app;
  ChangeOptions options;
  // The command's decision where another rollctl stays with a canary and holds the lock. Nothing: Busy then.
  std::optional<CanaryDecision> decision;
};

// The app, and for the commands that start what is described now: how.
struct TargetApp : AppName {
  std::optional<AppDescription> description;
};

// A command's decision: the change that it wants of the app as it stands, or nothing where everything is as
// wanted already.
using DecideChange =
    std::function<Result<std::optional<RolloutRequest>>(ChangeSession& session, const TargetApp& app)>;

// The change that an interrupted rollctl left could be neither finished nor undone, so nothing else was
// begun.
struct Unrecovered {
  Error error;
};

using ChangeResult = std::variant<Verdict, PlannedChange, Unrecovered>;

// A whole command that moves traffic: takes the app's lock, recovers what an earlier rollctl left, decides,
// and makes the change; or, with Access::Preview, plans it. The observer is told of every event up to the
// end, which is returned. An error: nothing was begun. Blocks until it is over.
Result<ChangeResult> change_app(const ChangeCall& call, const DecideChange& decide,
                                ChangeSession::Setting setting);

// The parts of a request that every command takes from the specification and the options.
RolloutRequest request_for(const ChangeCall& call, const History& history, GenerationSpec spec);

// The request of a command that ends a canary in favour of the release beside it.
Result<RolloutRequest> withdraw_canary(const ChangeCall& call, const AppState& state,
                                       const StandingCanary& canary);

}  // namespace rollctl
