// SPDX-License-Identifier: MIT
#include "app/app_change.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "config/pinned_release.h"
#include "state/freeze.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

using Access = ChangeSession::Access;

// Tells the observer an ending for which no rollout of this process sent the event.
void tell_end(const Verdict& verdict, Observer& observer) {
  Event event = events::deploy_finished(
      {verdict.outcome, verdict.duration, verdict.connections_cut, verdict.reason, {}, verdict.http});
  event.generation = verdict.generation;
  event.time = SystemClock().wall_now();
  observer.on_event(event);
}

Verdict unchanged(AppCommand command, const std::string& app, const History& history) {
  Verdict verdict;
  verdict.command = command;
  verdict.app = app;
  verdict.release = verdict.serving_release = history.current_release;
  verdict.generation = history.current.value_or(0);
  verdict.outcome = Outcome::Unchanged;
  verdict.wanted = verdict.serving = history.wanted();
  return verdict;
}

Result<TargetApp> find_target(const Paths& paths, const ChangeCall& call) {
  TargetApp app{call.app, {}};
  if (call.options.app.command.empty())
    if (Status known = check_known(paths, app); !known) return fail(known.error());
  if (!traits_of(call.command).reads_app_file) return app;
  auto description = describe_app(paths, app, call.options.app);
  if (!description) return fail(description.error());
  app.description = std::move(*description);
  return app;
}

// The same label, and another program behind it: nothing is done, which may not be what was meant.
void warn_of_changed_files(const AppState& state, Observer& observer) {
  const auto current = state.current();
  if (!current || !*current) return;
  for (const std::string& file : changed_files(**current))
    observer.on_warning(
        fmt::format("{} has changed since {} was deployed, and its instances run what it was "
                    "before: `rollctl restart {}` runs what it is now",
                    file, (*current)->release, state.app()));
}

// Two files of one name would be one app: a deploy of the second would drain the first. A file that has moved
// is not there any more where it was.
Status check_same_file(const AppName& app, AppCommand command,
                       const Result<std::optional<GenerationSpec>>& current) {
  if (!app.given_as_path && !traits_of(command).reads_app_file) return {};
  if (!current || !*current) return {};
  const std::string& deployed_from = (*current)->config.source;
  std::error_code failure;
  if (!fs::path(deployed_from).is_absolute() || !fs::exists(deployed_from, failure)) return {};
  if (fs::equivalent(deployed_from, app.file, failure) || !fs::exists(app.file, failure)) return {};
  return fail(
      ErrorKind::Invalid,
      fmt::format("{} is not the app file that {} was deployed from: that is {}", app.file, app.name,
                  deployed_from),
      fmt::format("an app has the name of its file: rename {} if it is another app; if the app file has "
                  "moved, remove {}",
                  app.file, deployed_from));
}

// The way out runs no hook that can refuse it.
HookUse hooks_for(const ChangeCall& call) {
  if (call.options.hooks == ChangeOptions::Hooks::Skip) return HookUse::None;
  const bool is_way_out = call.command == AppCommand::Stop || call.command == AppCommand::Abort ||
                          call.command == AppCommand::Start || call.command == AppCommand::Canary;
  return is_way_out ? HookUse::Harmless : HookUse::All;
}

// A withdrawal of a canary that an interrupted command had begun was finished just now: nothing is left to
// withdraw, and a `rollback` must not go back one release more.
bool is_done_by(const Change& unfinished, const ChangeCall& call) {
  return unfinished.withdraws() && call.decision == CanaryDecision::Withdraw;
}

}  // namespace

Result<ChangeResult> change_app(const ChangeCall& call, const DecideChange& decide,
                                ChangeSession::Setting setting) {
  const Paths paths = setting.paths;
  const Access access = setting.access;
  Observer& observer = setting.observer;
  if (!traits_of(call.command).leads_out)
    if (Status free = check_not_frozen(paths, call.app.name); !free) return fail(free.error());
  // Before the lock: an invalid app file must not create folders or wait for another rollctl.
  const auto app = find_target(paths, call);
  if (!app) return fail(app.error());

  // One that attends a canary waits itself, for this decision.
  const auto holder = lock_holder(paths.lock(app->name)).value_or(std::nullopt);
  if (!call.decision || !holder || !holder->attends) setting.wait_lock = call.options.wait_lock;
  const auto session = ChangeSession::open(std::move(setting));
  if (!session && session.error().kind == ErrorKind::Busy && call.decision && access == Access::Change) {
    auto verdict = decide_for_holder(paths, app->name, call.command, *call.decision, session.error());
    if (!verdict) return fail(verdict.error());
    tell_end(*verdict, observer);
    return std::move(*verdict);
  }
  if (!session) return fail(session.error());
  if (Status same = check_same_file(*app, call.command, (*session)->state().current()); !same)
    return fail(same.error());
  if (access == Access::Change) {
    const Change* unfinished = (*session)->state().history().unfinished();
    const bool is_done = unfinished != nullptr && is_done_by(*unfinished, call);
    auto recovered = (*session)->recover();
    if (!recovered)
      return Unrecovered{with_context(recovered.error(), "cannot recover the interrupted change")};
    if (*recovered && (*recovered)->outcome == Outcome::NeedsAttention) return std::move(**recovered);
    if (*recovered && is_done) {
      tell_end(**recovered, observer);
      return std::move(**recovered);
    }
  }

  auto wanted = decide(**session, *app);
  if (!wanted) return fail(wanted.error());
  if (!*wanted) {
    if (call.command == AppCommand::Deploy) warn_of_changed_files((*session)->state(), observer);
    Verdict verdict = unchanged(call.command, app->name, (*session)->state().history());
    tell_end(verdict, observer);
    return verdict;
  }
  RolloutRequest& request = **wanted;
  if (access == Access::Preview) {
    auto plan = (*session)->preview(request);
    if (!plan) return fail(plan.error());
    return PlannedChange{std::move(request), std::move(*plan)};
  }
  if (call.command == AppCommand::Deploy)
    if (Status kept = keep_description(paths, app->name, *app->description); !kept) return fail(kept.error());
  const bool is_first = !(*session)->state().history().current.has_value();
  const std::string advice = is_first ? readiness_advice(request.spec.config.ready.kind) : "";
  auto verdict = (*session)->roll_out(std::move(request));
  if (!verdict) return fail(verdict.error());
  if (verdict->outcome == Outcome::Deployed && verdict->hint.empty()) verdict->hint = advice;
  return std::move(*verdict);
}

RolloutRequest request_for(const ChangeCall& call, const History& history, GenerationSpec spec) {
  const ChangeOptions& options = call.options;
  const AppConfig& config = spec.config;
  RolloutRequest request;
  request.command = call.command;
  request.from = history.wanted() > 0 ? history.current_release : "";
  request.instances = history.instances;
  request.batch = options.batch.value_or(config.rollout.batch);
  request.ready_deadline = options.ready_deadline.value_or(config.ready.deadline);
  request.bake = options.bake.value_or(config.rollout.bake);
  request.settle = config.drain.settle;
  if (call.command == AppCommand::Deploy) request.canary = options.canary.value_or(config.rollout.canary);
  if (traits_of(call.command).makes_generation) request.hold = options.hold.value_or(config.rollout.hold);
  request.drain = {config.drain.signal, options.drain_deadline.value_or(config.drain.deadline),
                   config.drain.order,  config.drain.scope,
                   config.drain.http,   config.drain.http_silence};
  request.after_shift = options.after_shift;
  request.note = options.note;
  request.hooks = hooks_for(call);
  // `stop` must always work, even if the host no longer allows the configured handover.
  if (call.command == AppCommand::Stop) spec.config.handover = HandoverPolicy::Auto;
  if (options.app.handover) spec.config.handover = *options.app.handover;
  request.spec = std::move(spec);
  return request;
}

Result<RolloutRequest> reweigh_canary(const ChangeCall& call, const AppState& state,
                                      const StandingCanary& canary, double percent) {
  auto spec = state.generation(canary.generation);
  if (!spec) return fail(spec.error());
  RolloutRequest request = request_for(call, state.history(), std::move(*spec));
  request.shape = RolloutRequest::Shape::Reweigh;
  request.canary = {percent};
  request.bake = Millis(0);
  return request;
}

Result<RolloutRequest> withdraw_canary(const ChangeCall& call, const AppState& state,
                                       const StandingCanary& canary) {
  auto current = state.current();
  if (!current) return fail(current.error());
  if (!*current)
    return fail(ErrorKind::Failed,
                fmt::format("no other release serves beside the canary of {}", canary.release),
                fmt::format("stop the app: rollctl stop {}", state.app()));
  RolloutRequest request = request_for(call, state.history(), **current);
  request.shape = RolloutRequest::Shape::Withdraw;
  if (request.hooks == HookUse::All) request.hooks = HookUse::Harmless;
  request.from = canary.release;
  request.hold = Millis(0);
  request.previous = std::move(*current);
  return request;
}

}  // namespace rollctl
