// SPDX-License-Identifier: MIT
#include "state/unit_journal.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "process/json_reader.h"
#include "process/systemd_unit.h"

namespace rollctl {

namespace {

// The instance that runs in the unit.
std::optional<InstanceId> instance_of(const std::string& app, const std::string& unit) {
  const std::string before = "rollctl-" + app + "-";
  InstanceId id = 0;
  if (!unit.starts_with(before)) return std::nullopt;
  const auto [end, bad] = std::from_chars(unit.data() + before.size(), unit.data() + unit.size(), id);
  if (bad != std::errc() || unit != unit_name(app, id)) return std::nullopt;
  return id;
}

// journalctl writes bytes that are not UTF-8 as a list of numbers.
std::string message_of(const nlohmann::json& message) {
  if (message.is_string()) return message.get<std::string>();
  std::string text;
  if (message.is_array())
    for (const auto& byte : message)
      if (byte.is_number_unsigned()) text += static_cast<char>(byte.get<unsigned>() & 0xFFU);
  return text;
}

// Seconds since 1970; journalctl takes no fraction of them everywhere.
std::string journal_time(WallTime time) {
  return "@" + std::to_string(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

// Microseconds since 1970, as a text.
WallTime time_of_entry(const nlohmann::json& object) {
  const auto member = object.find("__REALTIME_TIMESTAMP");
  int64_t micros = 0;
  if (member == object.end() || !member->is_string()) return {};
  const auto& text = member->get_ref<const std::string&>();
  (void)std::from_chars(text.data(), text.data() + text.size(), micros);
  return WallTime(Micros(micros));
}

}  // namespace

std::vector<std::string> journal_command(SystemdScope scope, const JournalQuery& query) {
  const std::string user = scope == SystemdScope::User ? "USER_" : "";
  std::vector<std::string> command{
      "journalctl",
      "--quiet",
      "--no-pager",
      "--all",
      "--output=json",
      "--output-fields=MESSAGE,_SYSTEMD_" + user + "UNIT",
      "--lines=" +
          (query.part.lines == LogPart::kAll ? std::string("all") : std::to_string(query.part.lines))};
  if (query.part.since) command.push_back("--since=" + journal_time(*query.part.since));
  if (query.part.until) command.push_back("--until=" + journal_time(*query.part.until));
  if (query.end == JournalQuery::End::Never) command.emplace_back("--follow");
  // Selects messages of the processes in the units, not systemd's own about the units.
  command.push_back("_SYSTEMD_" + user + "SLICE=" + slice_name(query.app));
  if (query.only) command.push_back("_SYSTEMD_" + user + "UNIT=" + unit_name(query.app, *query.only));
  return command;
}

std::optional<LogLine> parse_journal_line(const std::string& app, const std::string& line) {
  const auto object = parse_json_object(line, "journal");
  if (!object || !object->contains("MESSAGE")) return std::nullopt;
  for (const char* name : {"_SYSTEMD_USER_UNIT", "_SYSTEMD_UNIT"}) {
    const auto unit = object->find(name);
    if (unit == object->end() || !unit->is_string()) continue;
    if (const auto id = instance_of(app, unit->get<std::string>()))
      return LogLine{*id, message_of(object->at("MESSAGE")), time_of_entry(*object), false};
  }
  return std::nullopt;
}

}  // namespace rollctl
