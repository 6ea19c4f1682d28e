// SPDX-License-Identifier: MIT
#include "ui/status_view.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "ui/age.h"
#include "ui/error_view.h"
#include "ui/table.h"
#include "ui/wording.h"

namespace rollctl {

namespace {

// The app's condition, in one or two words.
Span condition(const AppStatus& status) {
  if (status.change && status.change->phase == RunningChange::Phase::Interrupted)
    return {"interrupted", Tone::Bad};
  if (status.change && status.change->is_dead) return {"canary down", Tone::Bad};
  if (status.change) return {"changing", Tone::Busy};
  if (status.wanted == 0 && status.serving == 0 && !status.silent)
    return {status.release.empty() ? "never deployed" : "stopped", Tone::Quiet};
  if (!status.surplus().empty()) return {"too many", Tone::Bad};
  if (status.silent) return {"silent", Tone::Bad};
  if (status.serving >= status.wanted) return {"serving", Tone::Good};
  return {status.serving == 0 ? "down" : "degraded", Tone::Bad};
}

// " (1 of v2)": an interrupted change leaves instances of both releases serving.
std::string others_text(const AppStatus& status) {
  std::map<std::string, int> others;
  for (const InstanceStatus& instance : status.instances)
    if (instance.serves() && instance.release != status.release) ++others[instance.release];
  std::string text;
  for (const auto& [release, count] : others)
    text += fmt::format("{}{} of {}", text.empty() ? " (" : ", ", count, release);
  return text.empty() ? text : text + ")";
}

Line heading(const AppStatus& status, WallTime now) {
  Line line{status.app + ": "};
  if (status.wanted == 0 && status.serving == 0) {
    line.emplace_back(status.release.empty() ? "never deployed" : "stopped", Tone::Quiet);
    if (!status.release.empty()) line.emplace_back(fmt::format(", last release {}", status.release));
    return line;
  }
  if (status.wanted == 0) {
    line.emplace_back(
        fmt::format(
            "{}, but {}", status.release.empty() ? "no deploy was completed" : "stopped",
            status.serving == 1 ? "1 instance serves" : fmt::format("{} instances serve", status.serving)),
        Tone::Bad);
    return line;
  }
  if (!status.release.empty()) line.emplace_back(status.release + " serves with ");
  line.emplace_back(
      fmt::format("{} of {}", status.serving, count_text(static_cast<size_t>(status.wanted), "instance")),
      status.serving >= status.wanted && status.surplus().empty() ? Tone::Plain : Tone::Bad);
  if (const std::string others = others_text(status); !others.empty()) line.emplace_back(others);
  if (!status.listen.empty()) line.emplace_back(fmt::format(" on {}", fmt::join(status.listen, ", ")));
  if (status.since) line.emplace_back(", deployed " + relative_time(*status.since, now));
  return line;
}

std::vector<Line> freeze_lines(const AppStatus& status, WallTime now) {
  if (!status.frozen) return {};
  const Freeze& freeze = *status.frozen;
  return {{Span("frozen:", Tone::Busy), fmt::format(" {} (by {}, {})", freeze.reason, freeze.caller.user,
                                                    relative_time(freeze.since, now))}};
}

std::vector<Line> change_lines(const AppStatus& status, WallTime now) {
  if (!status.change) return {};
  const RunningChange& change = *status.change;
  const std::string what =
      fmt::format("{} (generation {})", attempt_text(change.command, change.release), change.generation);
  const std::string when = relative_time(change.since, now);
  if (change.phase == RunningChange::Phase::Running)
    return {{Span("in progress:", Tone::Busy), fmt::format(" {}, begun {}", what, when)}};
  if (change.is_dead)
    return {
        {Span("canary:", Tone::Bad), fmt::format(" {} (generation {}), begun {}, serves no more",
                                                 change.release, change.generation, when)},
        hint_line(fmt::format("see `rollctl logs {0}`, then end it with `rollctl abort {0}`", status.app))};
  if (change.phase == RunningChange::Phase::Canary)
    return {{Span("canary:", Tone::Busy),
             fmt::format(" {} (generation {}), since {}", change.release, change.generation, when)},
            hint_line(fmt::format("keep it with `rollctl promote {0}`, or end it with `rollctl abort {0}`",
                                  status.app))};
  return {{Span("interrupted:", Tone::Bad), fmt::format(" {}, begun {}", what, when)},
          hint_line(fmt::format("finish or undo it with `rollctl recover {}`", status.app))};
}

// Instances without a listener, surplus instances and silent shims, with hints.
std::vector<Line> trouble_lines(const AppStatus& status) {
  std::vector<Line> lines;
  std::vector<InstanceId> unreachable;
  for (const InstanceStatus& instance : status.instances)
    if (instance.unreachable) unreachable.push_back(instance.id);
  if (!unreachable.empty()) {
    const bool one = unreachable.size() == 1;
    lines.push_back(
        {Span("unreachable:", Tone::Bad),
         fmt::format(" {} {} {} and {} no listener that clients reach", one ? "instance" : "instances",
                     fmt::join(unreachable, ", "), one ? "runs" : "run", one ? "has" : "have")});
    lines.push_back(hint_line(fmt::format("see `rollctl logs {0}`; `rollctl restart {0}` replaces {1}",
                                          status.app, one ? "it" : "them")));
  }
  if (const auto surplus = status.surplus(); !surplus.empty()) {
    const bool one = surplus.size() == 1;
    lines.push_back(
        {Span("too many:", Tone::Bad), fmt::format(" {} {} {} but should not", one ? "instance" : "instances",
                                                   fmt::join(surplus, ", "), one ? "serves" : "serve")});
    lines.push_back(
        hint_line(fmt::format("drain {1} with `rollctl recover {0}`", status.app, one ? "it" : "them")));
  }
  if (status.silent) {
    lines.push_back({Span("silent:", Tone::Bad), " " + status.silent->message});
    lines.push_back(hint_line(status.silent->hint));
  }
  return lines;
}

std::string weight_text(double weight) {
  return weight > 0 ? fmt::format("{:.3g}%", weight) : std::string();
}

std::string pid_text(pid_t pid) {
  return pid > 0 ? std::to_string(pid) : std::string();
}

std::string count_or_nothing(uint64_t count) {
  return count > 0 ? std::to_string(count) : std::string();
}

Span note(const InstanceStatus& instance, WallTime now) {
  std::vector<std::string> notes;
  if (instance.supervision == InstanceStatus::Supervision::Unsupervised) notes.emplace_back("unsupervised");
  if (instance.supervision == InstanceStatus::Supervision::Silent) notes.emplace_back("shim does not answer");
  if (!instance.left.empty())
    notes.push_back(instance.left.size() == 1
                        ? "main process ended, 1 process left"
                        : fmt::format("main process ended, {} processes left", instance.left.size()));
  if (instance.unreachable) notes.emplace_back("no listener");
  if (instance.drain_deadline)
    notes.push_back(*instance.drain_deadline > now
                        ? "cut in " + short_duration(elapsed(now, *instance.drain_deadline))
                        : "past drain deadline");
  if (instance.http) notes.push_back(http_text(*instance.http));
  if (instance.standby_until)
    notes.push_back(*instance.standby_until > now
                        ? "drains in " + short_duration(elapsed(now, *instance.standby_until))
                        : "drains now");
  if (!instance.reason.empty()) notes.push_back(instance.reason);
  if (!instance.status.empty()) notes.push_back(instance.status);
  return {fmt::format("{}", fmt::join(notes, ", "))};
}

Table table_of(Detail detail) {
  using enum Table::Align;
  std::vector<Table::Column> columns{{"ID", Right, 100},      {"RELEASE", Left, 90, kWidestRelease},
                                     {"STATE", Left, 99},     {"WEIGHT", Right, 40},
                                     {"PID", Right, 60},      {"CONN", Right, 85},
                                     {"RESTARTS", Right, 50}, {"UP", Right, 30}};
  if (detail == Detail::Full) {
    columns.insert(columns.end(), {{"GEN", Right, 20},
                                   {"SHIM", Right, 19},
                                   {"READY", Right, 18},
                                   {"STEERED", Right, 17},
                                   {"FALLBACKS", Right, 16},
                                   {"MIGRATIONS", Right, 15}});
  }
  columns.push_back({"NOTE", Left, 80});
  return Table(std::move(columns));
}

std::vector<Span> row_of(const InstanceStatus& instance, WallTime now, Detail detail) {
  std::vector<Span> row{std::to_string(instance.id),
                        instance.release,
                        Span(instance_state_name(instance.state), tone_of(instance.state)),
                        weight_text(instance.weight),
                        pid_text(instance.pid),
                        instance.connections ? std::to_string(*instance.connections) : "",
                        Span(count_or_nothing(static_cast<uint64_t>(instance.restarts)), Tone::Busy),
                        instance.pid > 0 ? short_duration(elapsed(instance.started, now)) : ""};
  if (detail == Detail::Full) {
    row.insert(row.end(),
               {std::to_string(instance.generation), pid_text(instance.shim_pid),
                instance.ready_after ? short_duration(*instance.ready_after) : "",
                count_or_nothing(instance.steered.connections), count_or_nothing(instance.steered.fallbacks),
                count_or_nothing(instance.steered.migrations)});
  }
  row.push_back(note(instance, now));
  return row;
}

}  // namespace

std::vector<Line> status_lines(const AppStatus& status, WallTime now, const Terminal& terminal,
                               Detail detail) {
  std::vector<Line> lines{heading(status, now)};
  for (Line& line : freeze_lines(status, now)) lines.push_back(std::move(line));
  for (Line& line : change_lines(status, now)) lines.push_back(std::move(line));
  for (Line& line : trouble_lines(status)) lines.push_back(std::move(line));
  if (detail == Detail::Full && !status.handover.empty())
    lines.push_back({fmt::format("generation {}, last handover {}", status.generation, status.handover)});
  Table table = table_of(detail);
  for (const InstanceStatus& instance : status.instances) table.add_row(row_of(instance, now, detail));
  for (Line& line : table.lines(terminal)) lines.push_back(std::move(line));
  return lines;
}

std::vector<Line> overview_lines(const std::vector<AppStatus>& apps, WallTime now, const Terminal& terminal) {
  using enum Table::Align;
  Table table({{"APP", Left, 100},
               {"RELEASE", Left, 90, kWidestRelease},
               {"STATE", Left, 99},
               {"INSTANCES", Right, 80},
               {"DEPLOYED", Left, 60},
               {"LISTEN", Left, 70}});
  for (const AppStatus& status : apps) {
    table.add_row({status.app, status.release, condition(status),
                   fmt::format("{}/{}", status.serving, status.wanted),
                   status.since ? relative_time(*status.since, now) : "",
                   fmt::format("{}", fmt::join(status.listen, " "))});
  }
  return table.lines(terminal);
}

}  // namespace rollctl
