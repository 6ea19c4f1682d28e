// SPDX-License-Identifier: MIT
#include "process/event_codec.h"

#include <array>
#include <charconv>
#include <concepts>
#include <tuple>
#include <utility>

#include "process/json_reader.h"

namespace rollctl {

using nlohmann::json;

namespace {

enum class Written { Always, UnlessDefault };

template <typename Body, typename Value>
struct Member {
  const char* name;
  Value Body::* place;
  Written written;
};

template <typename Body, typename Value>
constexpr Member<Body, Value> member(const char* name, Value Body::* place,
                                     Written written = Written::Always) {
  return {name, place, written};
}

// The members of each kind, besides those of every line.
template <typename Body>
constexpr auto kMembers = std::tuple();

template <>
constexpr auto kMembers<OtherEvent> = std::tuple(member("id", &OtherEvent::id, Written::UnlessDefault));

template <>
constexpr auto kMembers<DeployStarted> =
    std::tuple(member("command", &DeployStarted::command), member("release", &DeployStarted::release),
               member("from", &DeployStarted::from), member("instances", &DeployStarted::instances),
               member("handover", &DeployStarted::handover), member("note", &DeployStarted::note),
               member("canary", &DeployStarted::canary, Written::UnlessDefault),
               member("returns", &DeployStarted::returns, Written::UnlessDefault),
               member("user", &DeployStarted::user, Written::UnlessDefault),
               member("via", &DeployStarted::via, Written::UnlessDefault));

template <>
constexpr auto kMembers<DeployFinished> = std::tuple(
    member("outcome", &DeployFinished::outcome), member("duration_ms", &DeployFinished::duration),
    member("connections_cut", &DeployFinished::connections_cut), member("reason", &DeployFinished::reason),
    member("remaining", &DeployFinished::remaining, Written::UnlessDefault),
    member("http", &DeployFinished::http, Written::UnlessDefault));

template <>
constexpr auto kMembers<DeployArchived> =
    std::tuple(member("id", &DeployArchived::id), member("file", &DeployArchived::file),
               member("bytes", &DeployArchived::bytes),
               member("scaling", &DeployArchived::scaling, Written::UnlessDefault));

template <>
constexpr auto kMembers<InstanceStarting> =
    std::tuple(member("id", &InstanceStarting::id), member("release", &InstanceStarting::release));

template <>
constexpr auto kMembers<RotationChange> =
    std::tuple(member("in", &RotationChange::in), member("out", &RotationChange::out),
               member("weights", &RotationChange::weights));

template <>
constexpr auto kMembers<TrafficShifting> = kMembers<RotationChange>;

template <>
constexpr auto kMembers<TrafficShifted> = kMembers<RotationChange>;

template <>
constexpr auto kMembers<InstanceStopping> = std::tuple(member("id", &InstanceStopping::id));

template <>
constexpr auto kMembers<InstanceStarted> =
    std::tuple(member("id", &InstanceStarted::id), member("release", &InstanceStarted::release),
               member("pid", &InstanceStarted::pid));

template <>
constexpr auto kMembers<InstanceReady> =
    std::tuple(member("id", &InstanceReady::id), member("after_ms", &InstanceReady::after));

template <>
constexpr auto kMembers<InstanceUnready> =
    std::tuple(member("id", &InstanceUnready::id), member("reason", &InstanceUnready::reason));

template <>
constexpr auto kMembers<InstanceSettled> =
    std::tuple(member("id", &InstanceSettled::id), member("after_ms", &InstanceSettled::after),
               member("left", &InstanceSettled::left),
               member("failure", &InstanceSettled::failure, Written::UnlessDefault));

template <>
constexpr auto kMembers<InstanceDraining> =
    std::tuple(member("id", &InstanceDraining::id), member("connections", &InstanceDraining::connections),
               member("deadline_ms", &InstanceDraining::deadline));

template <>
constexpr auto kMembers<InstanceLingering> = std::tuple(
    member("id", &InstanceLingering::id), member("exit", &InstanceLingering::exit),
    member("processes", &InstanceLingering::processes), member("pid", &InstanceLingering::pid),
    member("command", &InstanceLingering::command), member("connections", &InstanceLingering::connections),
    member("told", &InstanceLingering::told));

template <>
constexpr auto kMembers<InstanceDrained> = std::tuple(
    member("id", &InstanceDrained::id), member("after_ms", &InstanceDrained::after),
    member("connections_cut", &InstanceDrained::connections_cut), member("exit", &InstanceDrained::exit),
    member("processes_killed", &InstanceDrained::processes_killed, Written::UnlessDefault),
    member("http", &InstanceDrained::http, Written::UnlessDefault));

template <>
constexpr auto kMembers<InstanceExited> =
    std::tuple(member("id", &InstanceExited::id), member("exit", &InstanceExited::exit));

template <>
constexpr auto kMembers<InstanceRestarted> =
    std::tuple(member("id", &InstanceRestarted::id), member("pid", &InstanceRestarted::pid));

template <>
constexpr auto kMembers<HookFailed> =
    std::tuple(member("hook", &HookFailed::hook), member("exit", &HookFailed::exit));

template <typename Body, typename Visitor>
void for_each_member(const Visitor& visit) {
  std::apply([&](const auto&... members) { (visit(members), ...); }, kMembers<Body>);
}

// A number, a string, true or false, or a list of ids.
template <typename Value>
json to_value(const Value& value) {
  return value;
}

json to_value(AppCommand command) {
  return command_word(command);
}

json to_value(Outcome outcome) {
  return outcome_name(outcome);
}

json to_value(Millis duration) {
  return duration.count();
}

json to_value(const ExitStatus& exit) {
  return to_json(exit);
}

json to_value(const HttpReport& report) {
  return to_json(report);
}

json to_value(const std::map<InstanceId, double>& weights) {
  json by_id = json::object();
  for (const auto& [id, weight] : weights) by_id[std::to_string(id)] = weight;
  return by_id;
}

template <typename Value>
json to_value(const std::optional<Value>& value) {
  return value ? json(to_value(*value)) : json(nullptr);
}

// False where the member is there and cannot be read, or says what this version does not know.
template <typename Value>
bool read(const json& object, const char* name, Value& target) {
  JsonReader reader(object, "event");
  reader.get(name, target);
  return reader.status().has_value();
}

bool read(const json& object, const char* name, AppCommand& target) {
  std::string word;
  const auto command = read(object, name, word) ? parse_command(word) : std::nullopt;
  target = command.value_or(AppCommand::Other);
  return command || word == command_word(AppCommand::Other);
}

bool read(const json& object, const char* name, Outcome& target) {
  std::string text;
  const auto outcome = read(object, name, text) ? parse_outcome(text) : std::nullopt;
  target = outcome.value_or(Outcome::NeedsAttention);
  return outcome.has_value();
}

bool read(const json& object, const char* name, std::map<InstanceId, double>& target) {
  const json* weights = JsonReader(object, "event").find(name);
  if (weights == nullptr) return true;
  if (!weights->is_object()) return false;
  for (const auto& [key, weight] : weights->items()) {
    InstanceId id = 0;
    const auto [end, failure] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (failure != std::errc() || end != key.data() + key.size() || !weight.is_number()) return false;
    target[id] = weight.get<double>();
  }
  return true;
}

bool read(const json& object, const char* name, std::optional<ExitStatus>& target) {
  const json* exit = JsonReader(object, "event").find(name);
  if (exit == nullptr) return true;
  const auto status = exit_status_from_json(*exit);
  if (status) target = *status;
  return status.has_value();
}

bool read(const json& object, const char* name, std::optional<HttpReport>& target) {
  const json* http = JsonReader(object, "event").find(name);
  if (http == nullptr) return true;
  auto report = http_report_from_json(*http);
  if (report) target = std::move(*report);
  return report.has_value();
}

template <typename Value>
bool read(const json& object, const char* name, std::optional<Value>& target) {
  if (JsonReader(object, "event").find(name) == nullptr) return true;
  Value value{};
  const bool is_read = read(object, name, value);
  if (is_read) target = std::move(value);
  return is_read;
}

// Takes out of the object what it could read.
template <typename Body>
Body take_body(json& members) {
  Body body;
  for_each_member<Body>([&](const auto& member) {
    if (read(members, member.name, body.*member.place)) members.erase(member.name);
  });
  return body;
}

EventBody take_body(json& members, std::string name) {
  EventBody body;
  const auto is_kind = [&]<typename Body>(std::type_identity<Body>) {
    if constexpr (std::same_as<Body, OtherEvent>) {
      return false;
    } else {
      if (name != Body::kName) return false;
      body = take_body<Body>(members);
      return true;
    }
  };
  const bool is_known = [&]<typename... Bodies>(std::type_identity<std::variant<Bodies...>>) {
    return (is_kind(std::type_identity<Bodies>()) || ...);
  }(std::type_identity<EventBody>());
  if (is_known) return body;
  auto other = take_body<OtherEvent>(members);
  other.name = std::move(name);
  return other;
}

template <typename Body>
void write_body(const Body& body, json& object) {
  for_each_member<Body>([&]<typename Kind, typename Value>(const Member<Kind, Value>& member) {
    const Value& value = body.*member.place;
    if (member.written == Written::Always || value != Value()) object[member.name] = to_value(value);
  });
}

json to_object(const Event& event, const std::string& app) {
  json object = json::object();
  std::visit([&](const auto& body) { write_body(body, object); }, event.body);
  if (const json rest = json::parse(event.rest, nullptr, false); rest.is_object()) object.update(rest);
  object["v"] = 1;
  object["time"] = format_time(event.time);
  object["app"] = app;
  object["generation"] = event.generation;
  object["event"] = event_name(event);
  return object;
}

}  // namespace

std::string event_line(const Event& event, const std::string& app, MemberOrder order) {
  json object = to_object(event, app);
  if (order == MemberOrder::ByName) return json_text(object);
  // A JSON object of the library sorts its members, and people read the journal, too.
  std::string text;
  const auto add = [&](const std::string& name, const json& value) {
    text += (text.empty() ? "{" : ",") + json_text(name) + ":" + json_text(value);
  };
  for (const char* name : {"v", "time", "app", "generation", "event", "id"}) {
    if (!object.contains(name)) continue;
    add(name, object[name]);
    object.erase(name);
  }
  for (const auto& [name, value] : object.items()) add(name, value);
  return text + "}";
}

std::optional<Event> parse_event_line(std::string_view line) {
  json members = json::parse(line, nullptr, false);
  if (!members.is_object() || !members.contains("event") || !members["event"].is_string())
    return std::nullopt;
  Event event;
  std::string name = members["event"];
  (void)read(members, "generation", event.generation);
  (void)read(members, "time", event.time);
  for (const char* frame : {"v", "time", "app", "generation", "event"}) members.erase(frame);
  event.body = take_body(members, std::move(name));
  if (!members.empty()) event.rest = json_text(members);
  return event;
}

}  // namespace rollctl
