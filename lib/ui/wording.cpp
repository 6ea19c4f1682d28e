// SPDX-License-Identifier: MIT
#include "ui/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/duration.h"
#include "base/process_ref.h"
#include "process/json_reader.h"

namespace rollctl {

namespace {

struct CommandWords {
  AppCommand command;
  const char* attempt;  // "deploy v2"; {} is the release
  const char* doing;    // "deploying v2"
  const char* undone;   // "v2 was not deployed"
  const char* done;  // "v2 serves with 2 instances (restarted)"; {} is the release before; empty: see `was`
};

constexpr std::array<CommandWords, 10> kCommands{{
    {AppCommand::Deploy, "deploy {}", "deploying {}", "{} was not deployed", ""},
    {AppCommand::Rollback, "roll back to {}", "rolling back to {}", "not rolled back to {}",
     "rolled back from {}"},
    {AppCommand::Restart, "restart {}", "restarting {}", "{} was not restarted", "restarted"},
    {AppCommand::Promote, "promote {}", "promoting {}", "{} was not promoted", "promoted"},
    {AppCommand::Abort, "abort the canary", "aborting the canary", "the canary was not aborted",
     "canary aborted"},
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

// A newer shim may write what this rollctl does not expect: a member that is missing or strange is passed
// over.
struct Fields {
  explicit Fields(const Event& event) : reader(event.fields, "event") {}

  template <typename T>
  T get(const char* name) {
    T value{};
    reader.get(name, value);
    return value;
  }
  std::string instance() { return fmt::format("instance {}", get<InstanceId>("id")); }
  std::string duration(const char* name) { return human_duration(get<Millis>(name)); }
  std::optional<std::string> exit() {
    const auto* exit = reader.find("exit");
    if (exit == nullptr) return std::nullopt;
    const auto status = exit_status_from_json(*exit);
    return status ? std::optional(status->text()) : std::nullopt;
  }

  JsonReader reader;
};

AppCommand command_of(Fields& fields) {
  return parse_command(fields.get<std::string>("command")).value_or(AppCommand::Other);
}

std::string started_text(Fields fields) {
  const auto release = fields.get<std::string>("release");
  const auto from = fields.get<std::string>("from");
  const auto instances = fields.get<size_t>("instances");
  std::string text = fill(words_of(command_of(fields)).doing, release);
  if (instances > 0) text += " with " + count_text(instances, "instance");
  if (!from.empty() && from != release) text += fmt::format(" ({} serves)", from);
  return text + fmt::format(", handover {}", fields.get<std::string>("handover"));
}

std::string shifted_text(Fields fields) {
  const auto in = fields.get<std::vector<InstanceId>>("in");
  const auto out = fields.get<std::vector<InstanceId>>("out");
  std::string text = "traffic shifted:";
  if (!in.empty()) text += fmt::format(" in {}", ids_text(in));
  if (!out.empty()) text += fmt::format("{} out {}", in.empty() ? "" : ",", ids_text(out));
  return text;
}

std::string drained_text(Fields fields) {
  std::string text = fmt::format("{}: drained after {}", fields.instance(), fields.duration("after_ms"));
  if (const auto cut = fields.get<size_t>("connections_cut"); cut > 0)
    text += ", " + count_text(cut, "connection") + " cut";
  if (const auto exit = fields.exit()) text += ", " + *exit;
  return text;
}

std::string with_reason(const std::string& text, const std::string& reason) {
  return reason.empty() ? text : text + ": " + reason;
}

std::string serves_text(const Verdict& verdict) {
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
  Fields fields(event);
  if (event.name == "deploy.started") return started_text(fields);
  if (event.name == "instance.started")
    return fmt::format("{}: {} started, pid {}", fields.instance(), fields.get<std::string>("release"),
                       fields.get<pid_t>("pid"));
  if (event.name == "instance.ready")
    return fmt::format("{}: ready after {}", fields.instance(), fields.duration("after_ms"));
  if (event.name == "instance.unready") return fields.instance() + ": " + fields.get<std::string>("reason");
  if (event.name == "traffic.shifted") return shifted_text(fields);
  if (event.name == "instance.settled") {
    std::string text = fmt::format("{}: settled after {}", fields.instance(), fields.duration("after_ms"));
    if (const auto left = fields.get<size_t>("left"); left > 0)
      text += fmt::format(", {} not settled", count_text(left, "handshake"));
    return text;
  }
  if (event.name == "instance.draining")
    return fmt::format("{}: draining, {} open, at most {}", fields.instance(),
                       count_text(fields.get<size_t>("connections"), "connection"),
                       format_duration(fields.get<Millis>("deadline_ms")));
  if (event.name == "instance.drained") return drained_text(fields);
  if (event.name == "instance.exited")
    return fmt::format("{}: the server {}", fields.instance(), fields.exit().value_or("ended"));
  if (event.name == "instance.restarted")
    return fmt::format("{}: restarted, pid {}", fields.instance(), fields.get<pid_t>("pid"));
  if (event.name == "hook.failed")
    return fmt::format("hook {} {}", fields.get<std::string>("hook"), fields.exit().value_or("failed"));
  return std::nullopt;
}

std::string summary_text(const Verdict& verdict) {
  std::string text = verdict.app + ": " + ending_text(verdict);
  if (verdict.outcome == Outcome::Unchanged) return text;
  if (verdict.outcome == Outcome::Deployed && !verdict.reason.empty()) text += ", " + verdict.reason;
  text += fmt::format(", {} cut", count_text(verdict.connections_cut, "connection"));
  if (!verdict.draining.empty()) text += " so far";
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
  if (verdict.serving_release.empty() || verdict.serving == 0) return "nothing serves";
  const std::string serving = count_text(static_cast<size_t>(verdict.serving), "instance");
  if (verdict.serving < verdict.wanted)
    return fmt::format("{} serves with only {} of {}", verdict.serving_release, verdict.serving,
                       count_text(static_cast<size_t>(verdict.wanted), "instance"));
  const bool is_undone = verdict.outcome != Outcome::NeedsAttention;
  return fmt::format("{} serves{} with {}", verdict.serving_release, is_undone ? " as before" : "", serving);
}

std::string count_text(size_t count, const std::string& thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string ids_text(const std::vector<InstanceId>& ids) {
  return fmt::format("{}", fmt::join(ids, ", "));
}

}  // namespace rollctl
