// SPDX-License-Identifier: MIT
#include "ui/history_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/duration.h"
#include "config/spec_diff.h"
#include "process/json_reader.h"
#include "ui/age.h"
#include "ui/diff_view.h"
#include "ui/table.h"

namespace rollctl {

namespace {

Span outcome_of(const Change& change) {
  if (!change.outcome) return {"unfinished", Tone::Busy};
  switch (*change.outcome) {
    case Outcome::Deployed:
      return {change.command == AppCommand::Deploy ? "deployed" : "done", Tone::Good};
    case Outcome::Unchanged:
      return {"unchanged", Tone::Quiet};
    case Outcome::Canary:
      return {"canary", Tone::Good};
    case Outcome::RolledBack:
      if (change.withdraws()) return {"done", Tone::Good};
      return {"rolled back", Tone::Bad};
    case Outcome::Interrupted:
      return {"interrupted", Tone::Bad};
    case Outcome::NeedsAttention:
      return {"needs attention", Tone::Bad};
  }
  return {""};
}

std::string note_of(const Change& change) {
  if (change.reason.empty() || change.note.empty()) return change.reason + change.note;
  return fmt::format("{} ({})", change.reason, change.note);
}

// What is not known yet is marked.
Span cut_of(const Change& change) {
  if (!change.outcome) return {""};
  std::string text = std::to_string(change.connections_cut);
  if (!change.remaining.empty()) text += " so far";
  return {text, change.connections_cut > 0 ? Tone::Bad : Tone::Plain};
}

std::string who_of(const Change& change) {
  return change.via.empty() ? change.user : fmt::format("{} ({})", change.user, change.via);
}

std::string runs_text(const GenerationSpecs& specs, int64_t generation) {
  const auto spec = specs.find(generation);
  if (spec == specs.end()) return {};
  const AppConfig& config = spec->second.config;
  std::string text = fmt::format("{}", fmt::join(config.command, " "));
  if (!config.workdir.empty()) text += fmt::format(" (in {})", config.workdir);
  return text;
}

nlohmann::json runs_json(const GenerationSpecs& specs, int64_t generation) {
  const auto spec = specs.find(generation);
  if (spec == specs.end()) return nullptr;
  const AppConfig& config = spec->second.config;
  return {{"command", config.command}, {"workdir", config.workdir}};
}

nlohmann::json to_json(const Change& change, const GenerationSpecs& specs) {
  using nlohmann::json;
  return {{"command", command_word(change.command)},
          {"release", change.release},
          {"from", change.from ? json(*change.from) : json(nullptr)},
          {"generation", change.generation},
          {"instances", change.instances},
          {"handover", change.handover},
          {"note", change.note},
          {"user", change.user.empty() ? json(nullptr) : json(change.user)},
          {"via", change.via.empty() ? json(nullptr) : json(change.via)},
          {"started", format_time(change.started)},
          {"outcome", change.outcome ? json(outcome_name(*change.outcome)) : json(nullptr)},
          {"duration_ms", change.outcome ? json(change.duration.count()) : json(nullptr)},
          {"connections_cut", change.connections_cut},
          {"http", change.http ? to_json(*change.http) : json(nullptr)},
          {"remaining", change.remaining},
          {"reason", change.reason},
          {"runs", runs_json(specs, change.generation)}};
}

History of_generation(const History& history, int64_t generation) {
  History own;
  std::ranges::copy_if(history.changes, std::back_inserter(own.changes),
                       [&](const Change& change) { return change.generation == generation; });
  return own;
}

}  // namespace

std::vector<Line> history_lines(const History& history, size_t limit, const GenerationSpecs& specs,
                                WallTime now, const Terminal& terminal) {
  using enum Table::Align;
  Table table({{"GEN", Right, 100},
               {"WHEN", Left, 90},
               {"COMMAND", Left, 80},
               {"RELEASE", Left, 95, kWidestRelease},
               {"OUTCOME", Left, 99},
               {"TOOK", Right, 50},
               {"CUT", Right, 60},
               {"WHO", Left, 65},
               {"NOTE", Left, 70},
               {"RUNS", Left, 40}});
  for (auto change = history.changes.rbegin(); change != history.changes.rend() && limit > 0;
       ++change, --limit) {
    const bool ended = change->outcome.has_value();
    table.add_row({std::to_string(change->generation), relative_time(change->started, now),
                   command_word(change->command), change->release, outcome_of(*change),
                   ended ? human_duration(change->duration) : "", cut_of(*change), who_of(*change),
                   note_of(*change), runs_text(specs, change->generation)});
  }
  return table.lines(terminal);
}

std::vector<Line> generation_lines(const History& history, int64_t generation, const GenerationSpecs& specs,
                                   WallTime now, const Terminal& terminal) {
  const History own = of_generation(history, generation);
  std::vector<Line> lines = history_lines(own, own.changes.size(), {}, now, terminal);
  for (const Change& change : own.changes)
    if (change.outcome && change.instances > 0)
      lines.push_back({fmt::format("{} on {}: {} instance{}, handover {}", command_word(change.command),
                                   format_time(change.started), change.instances,
                                   change.instances == 1 ? "" : "s", change.handover)});
  const auto spec = specs.find(generation);
  if (spec == specs.end()) return lines;
  lines.push_back({fmt::format("generation {} ran:", generation)});
  for (Line& line : setting_lines(settings_of(spec->second))) lines.push_back(std::move(line));
  return lines;
}

nlohmann::json generation_json(const History& history, const std::string& app, int64_t generation,
                               const GenerationSpecs& specs) {
  const History own = of_generation(history, generation);
  nlohmann::json object = history_json(own, app, own.changes.size(), specs);
  object["generation"] = generation;
  const auto spec = specs.find(generation);
  nlohmann::json settings = nullptr;
  if (spec != specs.end()) {
    settings = nlohmann::json::object();
    for (const SpecDifference& one : settings_of(spec->second)) settings[one.key] = bytes_to_json(one.after);
  }
  object["settings"] = std::move(settings);
  return object;
}

nlohmann::json history_json(const History& history, const std::string& app, size_t limit,
                            const GenerationSpecs& specs) {
  nlohmann::json changes = nlohmann::json::array();
  for (auto change = history.changes.rbegin(); change != history.changes.rend() && limit > 0;
       ++change, --limit)
    changes.push_back(to_json(*change, specs));
  return {{"v", 1}, {"app", app}, {"changes", changes}};
}

}  // namespace rollctl
