// SPDX-License-Identifier: MIT
#include "deploy/change_hooks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "base/duration.h"
#include "config/launch.h"

namespace rollctl {

namespace {

// A hook that is told to end has this long before it is killed.
constexpr Millis kGrace{5000};

}  // namespace

Environment ChangeHooks::told() const {
  return {{"ROLL_COMMAND", command_word(request_.command)},
          {"ROLL_PREVIOUS_RELEASE", request_.from},
          {"ROLL_INSTANCES",
           std::to_string(request_.shape == RolloutRequest::Shape::Stop ? 0 : request_.instances)},
          {"ROLL_USER", request_.caller.user},
          {"ROLL_NOTE", request_.note},
          {"ROLL_OBSOLETE_RELEASES", fmt::format("{}", fmt::join(request_.obsolete_releases, " "))}};
}

Act ChangeHooks::run(const char* name, const HookConfig& hook, const std::function<bool()>& is_moot) {
  if (request_.hooks != HookUse::All) return {};
  return run_one(name, hook, told(), is_moot);
}

void ChangeHooks::try_run(const char* name, const HookConfig& hook, const std::function<bool()>& is_moot) {
  if (request_.hooks == HookUse::None) return;
  Act ran = run_one(name, hook, told(), is_moot);
  if (!ran) world_.observer.on_warning(ran.error().reason);
}

void ChangeHooks::try_run_after(const char* name, const HookConfig& hook, const Verdict& verdict) {
  if (request_.hooks == HookUse::None) return;
  Environment more = told();
  more["ROLL_OUTCOME"] = outcome_name(verdict.outcome);
  more["ROLL_REASON"] = verdict.reason;
  // While instances drain it is not known yet.
  more["ROLL_CONNECTIONS_CUT"] = verdict.draining.empty() ? std::to_string(verdict.connections_cut) : "";
  Act ran = run_one(name, hook, more, {});
  if (!ran) world_.observer.on_warning(ran.error().reason);
}

Act ChangeHooks::run_one(const char* name, const HookConfig& hook, const Environment& more,
                         const std::function<bool()>& is_moot) {
  if (hook.command.empty()) return {};
  const auto failed = [&](const std::string& why) {
    return fail(Ending(Ending::Kind::HookFailed, fmt::format("the hook {} failed: {}", name, why)));
  };
  const int signals = world_.interrupts.count();
  if (signals > 1) return check_interrupts(world_);
  auto launch = make_hook_launch(request_.spec, hook, more);
  if (!launch) return failed(launch.error().message);
  const auto result = std::make_shared<std::optional<Result<ExitStatus>>>();
  world_.hooks.run(*launch, [result](Result<ExitStatus> ended) { *result = std::move(ended); });
  const auto is_interrupted = [&] { return world_.interrupts.count() > signals; };
  const auto over = [&] { return result->has_value() || (is_moot && is_moot()) || is_interrupted(); };
  const TimePoint deadline =
      hook.timeout > Millis(0) ? world_.scheduler.now() + hook.timeout : TimePoint::max();
  const Waited waited = wait_until(world_, over, deadline, OnInterrupt::Ignore);
  if (!result->has_value()) {
    end(result);
    if (is_interrupted())
      return fail(Ending(world_.interrupts.count() > 1 ? Ending::Kind::Abandoned : Ending::Kind::Interrupted,
                         fmt::format("interrupted while the hook {} ran", name)));
    if (waited == Waited::Satisfied) return {};
    recorder_.happened(events::hook_failed(name, std::nullopt));
    return failed(
        fmt::format("{} did not end within {}", launch->argv.front(), format_duration(hook.timeout)));
  }
  const Result<ExitStatus>& exit = **result;
  if (!exit) return failed(exit.error().message);
  if (exit->success()) return {};
  recorder_.happened(events::hook_failed(name, *exit));
  return failed(fmt::format("{} {}", launch->argv.front(), exit->text()));
}

void ChangeHooks::end(const Ended& ended) {
  const auto has_ended = [&] { return ended->has_value(); };
  world_.hooks.end(Hooks::End::Asked);
  (void)wait_until(world_, has_ended, world_.scheduler.now() + kGrace, OnInterrupt::Ignore);
  if (!has_ended()) world_.hooks.end(Hooks::End::Forced);
}

}  // namespace rollctl
