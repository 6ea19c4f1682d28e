// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>

#include "app/app_source.h"
#include "app/change_session.h"
#include "rollctl/command_line.h"
#include "rollctl/exit_status.h"

namespace roll {

// What a verb makes of the session: the change that it wants, or nothing where everything is as wanted
// already.
struct WantedChange {
  std::optional<RolloutRequest> request;
  std::optional<AppDescription> description;  // of an ad-hoc app: kept when the change begins
};
// The app, and for the verbs that start what is described now: how.
struct TargetApp : AppName {
  std::optional<AppDescription> description;
};
using MakeChange = std::function<Result<WantedChange>(ChangeSession& session, const TargetApp& app)>;

// What the commands that move traffic have in common: find the app, take its lock, recover what an earlier
// rollctl left, decide, apply the options, do it, tell how it ended. Returns the exit status.
int run_change(Context& context, const CommandLine& line, const MakeChange& make);

// What `abort` does, and `rollback` while a canary stands: abort.cpp.
Result<WantedChange> withdraw_canary(const CommandLine& line, ChangeSession& session,
                                     const StandingCanary& canary);

// Tells an ending that no rollout of this process has told, its event included. Returns the exit status.
int tell_verdict(const Verdict& verdict, Strictness strictness, Reporter& reporter);

// The parts of a request that every verb takes from the specification and the options.
RolloutRequest request_for(const CommandLine& line, ChangeSession& session, GenerationSpec spec);

}  // namespace roll
