// SPDX-License-Identifier: MIT
#include "ui/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/duration.h"
#include "base/process_ref.h"

namespace rollctl {

namespace {

struct CommandWords {
  AppCommand command;
  const char* attempt;  // "deploy v2"; {} is the release
  const char* doing;    // "deploying v2"
  const char* undone;   // "v2 was not deployed"
  const char* done;  // "v2 serves with 2 instances (restarted)"; {} is the release before; empty: see `was`
};

constexpr std::array<CommandWords, 11> kCommands{{
    {AppCommand::Deploy, "deploy {}", "deploying {}", "{} was not deployed", ""},
    {AppCommand::Rollback, "roll back to {}", "rolling back to {}", "not rolled back to {}",
     "rolled back from {}"},
    {AppCommand::Restart, "restart {}", "restarting {}", "{} was not restarted", "restarted"},
    {AppCommand::Promote, "promote {}", "promoting {}", "{} was not promoted", "promoted"},
    {AppCommand::Abort, "abort the canary", "aborting the canary", "the canary was not aborted",
     "canary aborted"},
    {AppCommand::Canary, "change the share of {}", "changing the share of {}",
     "the share of {} was not changed", ""},
    {AppCommand::Scale, "scale {}", "scaling {}", "{} was not scaled", "scaled"},
    {AppCommand::Start, "start {}", "starting {}", "{} was not started", "started"},
    {AppCommand::Stop, "stop", "stopping", "not stopped", ""},
    {AppCommand::Recover, "recover", "recovering", "not recovered", "recovered"},
    {AppCommand::Other, "{}", "{}", "{}", ""},  // remove moves no traffic
}};

const CommandWords& words_of(AppCommand command) {
  const auto* known = std::find_if(kCommands.begin(), kCommands.end(),
                                   [&](const CommandWords& words) { return command == words.command; });
  return known != kCommands.end() ? *known : kCommands.back();
}

std::string fill(const char* pattern, const std::string& word) {
  return fmt::format(fmt::runtime(pattern), word);
}

std::string instance_text(InstanceId id) {
  return fmt::format("instance {}", id);
}

// An event as a sentence, or nothing where it is no news to people.
struct Sentence {
  using Text = std::optional<std::string>;

  Text operator()(const DeployStarted& started) const {
    if (started.command == AppCommand::Abort) return aborting(started);
    std::string text = fill(words_of(started.command).doing, started.release);
    if (started.instances > 0)
      text += " with " + count_text(static_cast<size_t>(started.instances), "instance");
    const std::string from = started.from.value_or("");
    if (!from.empty() && from != started.release) text += fmt::format(" ({} serves)", from);
    return text + fmt::format(", handover {}", started.handover);
  }
  Text operator()(const InstanceStarted& started) const {
    return fmt::format("{}: {} started, pid {}", instance_text(started.id), started.release, started.pid);
  }
  Text operator()(const InstanceReady& ready) const {
    return fmt::format("{}: ready after {}", instance_text(ready.id), human_duration(ready.after));
  }
  Text operator()(const InstanceUnready& unready) const {
    return instance_text(unready.id) + ": " + unready.reason;
  }
  Text operator()(const TrafficShifted& shifted) const {
    std::string text = "traffic shifted:";
    if (!shifted.in.empty()) text += fmt::format(" in {}", ids_text(shifted.in));
    if (!shifted.out.empty())
      text += fmt::format("{} out {}", shifted.in.empty() ? "" : ",", ids_text(shifted.out));
    if (!shifted.in.empty() || !shifted.out.empty()) return text;
    for (const auto& [id, weight] : shifted.weights)
      text += fmt::format("{} {} {:.3g}%", id == shifted.weights.begin()->first ? "" : ",", id, weight);
    return text;
  }
  Text operator()(const InstanceSettled& settled) const {
    std::string text =
        fmt::format("{}: settled after {}", instance_text(settled.id), human_duration(settled.after));
    if (settled.left > 0) text += fmt::format(", {} not settled", count_text(settled.left, "handshake"));
    if (!settled.failure.empty()) text += ", the rest is not known: " + settled.failure;
    return text;
  }
  Text operator()(const InstanceDraining& draining) const {
    return fmt::format("{}: draining, {} open, at most {}", instance_text(draining.id),
                       count_text(draining.connections, "connection"), format_duration(draining.deadline));
  }
  Text operator()(const InstanceDrained& drained) const {
    std::string text =
        fmt::format("{}: drained after {}", instance_text(drained.id), human_duration(drained.after));
    if (drained.connections_cut > 0)
      text += ", " + count_text(drained.connections_cut, "connection") + " cut";
    if (drained.http && *drained.http != HttpReport()) text += ", " + http_text(*drained.http);
    if (!drained.exit) return text + killed_text(drained.processes_killed);
    const bool with_main = drained.exit->signal == SIGKILL;
    if (drained.processes_killed == 0) return text + ", " + drained.exit->text();
    if (!with_main)
      return text + ", the main process " + drained.exit->text() + killed_text(drained.processes_killed);
    return text + fmt::format(", {} with {}", drained.exit->text(), more_processes(drained.processes_killed));
  }
  Text operator()(const InstanceLingering& lingering) const {
    std::string text =
        fmt::format("{}: the main process {}, waiting for {} (pid {})", instance_text(lingering.id),
                    end_of(lingering.exit, "ended"), lingering.command, lingering.pid);
    if (lingering.processes > 1) text += " and " + more_processes(lingering.processes - 1);
    text += fmt::format(", {} open", count_text(lingering.connections, "connection"));
    const bool is_forgotten = !lingering.told && lingering.connections == 0;
    return is_forgotten ? text + "; not told to end: see scope in [drain], rollctl.toml(5)" : text;
  }
  Text operator()(const InstanceExited& exited) const {
    return fmt::format("{}: the server {}", instance_text(exited.id), end_of(exited.exit, "ended"));
  }
  Text operator()(const InstanceRestarted& restarted) const {
    return fmt::format("{}: restarted, pid {}", instance_text(restarted.id), restarted.pid);
  }
  Text operator()(const HookFailed& hook) const {
    return fmt::format("hook {} {}", hook.hook, end_of(hook.exit, "failed"));
  }
  template <typename Body>
  Text operator()(const Body&) const {
    return std::nullopt;
  }

  // Its release is the one that serves, `from` the canary's.
  static std::string aborting(const DeployStarted& started) {
    const std::string canary = started.from.value_or("");
    return fmt::format("aborting the canary{} ({} serves), handover {}",
                       canary.empty() ? canary : " of " + canary, started.release, started.handover);
  }

  static std::string more_processes(size_t count) {
    return count == 1 ? "1 more process" : fmt::format("{} more processes", count);
  }

  static std::string killed_text(size_t processes) {
    if (processes == 0) return {};
    return processes == 1 ? ", a process that it left was killed"
                          : fmt::format(", {} processes that it left were killed", processes);
  }

  static std::string end_of(const std::optional<ExitStatus>& exit, const char* unknown) {
    return exit ? exit->text() : unknown;
  }
};

std::string with_reason(const std::string& text, const std::string& reason) {
  return reason.empty() ? text : text + ": " + reason;
}

// "v1 serves with 1 instance and v3 with 2"; empty where one release serves, or none.
std::string mixture_text(const Verdict& verdict) {
  std::string text;
  for (const auto& [release, count] : verdict.serving_by_release) {
    const std::string instances =
        text.empty() ? count_text(static_cast<size_t>(count), "instance") : std::to_string(count);
    text += fmt::format("{}{} {}with {}", text.empty() ? "" : " and ", release, text.empty() ? "serves " : "",
                        instances);
  }
  return text;
}

std::string serves_text(const Verdict& verdict) {
  if (std::string mixture = mixture_text(verdict); !mixture.empty()) return mixture;
  if (verdict.serving_release.empty() || verdict.serving == 0) return "nothing serves";
  return fmt::format("{} serves with {}", verdict.serving_release,
                     count_text(static_cast<size_t>(verdict.serving), "instance"));
}

std::string done_text(const Verdict& verdict) {
  if (verdict.command == AppCommand::Stop) return "stopped";
  std::string how = words_of(verdict.command).done;
  if (verdict.command == AppCommand::Rollback && (!verdict.from || *verdict.from == verdict.release))
    how = "rolled back";
  else if (!how.empty())
    how = fill(how.c_str(), verdict.from.value_or(""));
  else if (verdict.from && *verdict.from != verdict.serving_release)
    how = "was " + *verdict.from;
  return serves_text(verdict) + (how.empty() ? "" : " (" + how + ")");
}

std::string ending_text(const Verdict& verdict) {
  const CommandWords& words = words_of(verdict.command);
  switch (verdict.outcome) {
    case Outcome::Deployed:
      return done_text(verdict);
    case Outcome::Unchanged:
      return verdict.command == AppCommand::Stop ? "stopped already" : serves_text(verdict) + " already";
    case Outcome::Canary:
      return fmt::format("{} serves{} as a canary beside {}", verdict.release,
                         verdict.canary ? fmt::format(" {:.3g}%", verdict.canary->percent) : "",
                         verdict.from.value_or("nothing else"));
    case Outcome::RolledBack:
      if (verdict.aim == Verdict::Aim::Back)
        return fmt::format("the canary{} was withdrawn, {}",
                           verdict.from ? " of " + *verdict.from : std::string(), aftermath_text(verdict));
      return fmt::format("{}, {}", fill(words.undone, verdict.release), aftermath_text(verdict));
    case Outcome::Interrupted:
      return fmt::format("interrupted and undone, {}", aftermath_text(verdict));
    case Outcome::NeedsAttention:
      if (const std::string mixture = mixture_text(verdict); !mixture.empty())
        return fmt::format("needs attention: {}", mixture);
      return fmt::format("needs attention: {} of {} instances serve{}", verdict.serving, verdict.wanted,
                         verdict.serving_release.empty() ? "" : " " + verdict.serving_release);
  }
  return "";
}

}  // namespace

std::string attempt_text(AppCommand command, const std::string& release) {
  std::string text = fill(words_of(command).attempt, release);
  while (text.ends_with(' ')) text.pop_back();  // no release was ever completed
  return text;
}

std::optional<std::string> event_text(const Event& event) {
  return std::visit(Sentence(), event.body);
}

std::string http_text(const HttpReport& report) {
  if (!report.problem.empty() && report.asked == 0) return "clients not asked to leave: " + report.problem;
  std::string text = fmt::format("{} asked to leave, {} closed", count_text(report.asked, "client"),
                                 count_text(report.left, "connection"));
  if (report.silent > 0) text += fmt::format(", {} silent", report.silent);
  if (report.blocking > 0) text += fmt::format(", {} not asked (blocking sockets)", report.blocking);
  return text;
}

std::string summary_text(const Verdict& verdict) {
  std::string text = verdict.app + ": " + ending_text(verdict);
  if (verdict.outcome == Outcome::Unchanged) return text;
  if (verdict.outcome == Outcome::Deployed && !verdict.reason.empty()) text += ", " + verdict.reason;
  text += fmt::format(", {} cut", count_text(verdict.connections_cut, "connection"));
  if (!verdict.draining.empty()) text += " so far";
  if (verdict.http && *verdict.http != HttpReport()) text += ", " + http_text(*verdict.http);
  if (verdict.left > 0) text += fmt::format(", {} not settled", count_text(verdict.left, "handshake"));
  if (!verdict.draining.empty())
    text += fmt::format(", {} still draining ({})", count_text(verdict.draining.size(), "instance"),
                        ids_text(verdict.draining));
  if (!verdict.standby.empty())
    text += fmt::format(", {} on standby ({}){}", count_text(verdict.standby.size(), "instance"),
                        ids_text(verdict.standby),
                        verdict.hold > Millis(0) ? " for " + human_duration(verdict.hold) : "");
  text += ", " + human_duration(verdict.duration);
  if (verdict.outcome == Outcome::Deployed && verdict.interrupted_by != 0)
    text += fmt::format(", drain not awaited ({})", signal_name(verdict.interrupted_by));
  if (verdict.outcome == Outcome::Canary)
    text += fmt::format("; `rollctl promote {0}` keeps it, `rollctl abort {0}` ends it", verdict.app);
  return text;
}

bool is_failure(const Verdict& verdict) {
  if (verdict.outcome == Outcome::RolledBack) return verdict.aim == Verdict::Aim::Forward;
  return verdict.outcome == Outcome::Interrupted || verdict.outcome == Outcome::NeedsAttention;
}

Error failure_of(const Verdict& verdict) {
  std::string why = verdict.reason;
  if (why.empty() && verdict.failed)
    why = fmt::format("instance {}: {}", verdict.failed->id, verdict.failed->what);
  if (why.empty() && verdict.interrupted_by != 0)
    why = fmt::format("interrupted by {}", signal_name(verdict.interrupted_by));
  Error error;
  error.message = with_reason(
      fmt::format("{}: cannot {}", verdict.app, attempt_text(verdict.command, verdict.release)), why);
  error.hint = verdict.hint;
  if (error.hint.empty() && verdict.outcome == Outcome::NeedsAttention)
    error.hint = fmt::format("look with `rollctl status {0}`, then `rollctl recover {0}`", verdict.app);
  return error;
}

std::string aftermath_text(const Verdict& verdict) {
  if (std::string mixture = mixture_text(verdict); !mixture.empty()) return mixture;
  if (verdict.serving_release.empty() || verdict.serving == 0) return "nothing serves";
  const std::string serving = count_text(static_cast<size_t>(verdict.serving), "instance");
  if (verdict.serving < verdict.wanted)
    return fmt::format("{} serves with only {} of {}", verdict.serving_release, verdict.serving,
                       count_text(static_cast<size_t>(verdict.wanted), "instance"));
  // Before a first deploy nothing served.
  const bool is_first = verdict.command == AppCommand::Deploy && !verdict.from;
  const bool is_undone = verdict.outcome != Outcome::NeedsAttention && !is_first;
  return fmt::format("{} serves{} with {}", verdict.serving_release, is_undone ? " as before" : "", serving);
}

std::string count_text(size_t count, const std::string& thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string ids_text(const std::vector<InstanceId>& ids) {
  return fmt::format("{}", fmt::join(ids, ", "));
}

}  // namespace rollctl
