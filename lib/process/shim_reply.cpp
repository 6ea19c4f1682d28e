// SPDX-License-Identifier: MIT
#include "process/shim_reply.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "process/json_reader.h"

namespace rollctl::shim {

using nlohmann::json;

namespace {

constexpr std::pair<ShimEvent::Kind, const char*> kEvents[] = {
    {ShimEvent::Kind::Launched, "launched"},
    {ShimEvent::Kind::LaunchFailed, "launch_failed"},
    {ShimEvent::Kind::NotifiedReady, "notified_ready"},
    {ShimEvent::Kind::StatusText, "status_text"},
    {ShimEvent::Kind::Exited, "exited"},
    {ShimEvent::Kind::Restarted, "restarted"},
};

constexpr std::pair<ErrorKind, const char*> kErrorKinds[] = {
    {ErrorKind::Invalid, "invalid"},
    {ErrorKind::NotFound, "not_found"},
    {ErrorKind::NotPermitted, "not_permitted"},
    {ErrorKind::Unsupported, "unsupported"},
    {ErrorKind::Busy, "busy"},
    {ErrorKind::Failed, "failed"},
};

template <typename Table>
const char* name_in(const Table& table, auto value) {
  for (const auto& [entry, name] : table) {
    if (entry == value) return name;
  }
  return "";
}

json listeners_to_json(const std::vector<ListenerNote>& listeners) {
  json list = json::array();
  for (const auto& listener : listeners)
    list.push_back({{"bound", listener.bound.text()}, {"inode", listener.inode}});
  return list;
}

Status read_listeners(const JsonReader& reader, std::vector<ListenerNote>& target) {
  const json* list = reader.find("listeners");
  if (list == nullptr) return {};
  if (!list->is_array()) return fail(ErrorKind::Invalid, "message: member \"listeners\" should be a list");
  for (const auto& element : *list) {
    JsonReader fields(element, "message: listeners");
    ListenerNote listener;
    read_endpoint(fields, "bound", listener.bound);
    fields.get("inode", listener.inode);
    if (Status read = fields.status(); !read) return read;
    target.push_back(listener);
  }
  return {};
}

json error_to_json(const Error& error) {
  return {{"kind", name_in(kErrorKinds, error.kind)},
          {"errno", error.os_error},
          {"message", bytes_to_json(error.message)},
          {"hint", bytes_to_json(error.hint)}};
}

Result<Error> error_from_json(const json& value) {
  JsonReader reader(value, "message: error");
  Error error;
  std::string kind;
  reader.get("kind", kind);
  reader.get("errno", error.os_error);
  reader.get("message", error.message);
  reader.get("hint", error.hint);
  for (const auto& [entry, name] : kErrorKinds) {
    if (kind == name) error.kind = entry;
  }
  if (Status read = reader.status(); !read) return fail(read.error());
  return error;
}

json counters_to_json(const SteeringCounters& counters) {
  return {{"connections", counters.connections},
          {"fallbacks", counters.fallbacks},
          {"migrations", counters.migrations}};
}

Status read_counters(const JsonReader& reader, SteeringCounters& target) {
  const json* counters = reader.find("counters");
  if (counters == nullptr) return {};
  JsonReader fields(*counters, "message: counters");
  fields.get("connections", target.connections);
  fields.get("fallbacks", target.fallbacks);
  fields.get("migrations", target.migrations);
  return fields.status();
}

Status read_slots(const JsonReader& reader, std::optional<SlotUse>& target) {
  const json* slots = reader.find("slots");
  if (slots == nullptr) return {};
  JsonReader fields(*slots, "message: slots");
  SlotUse& use = target.emplace();
  fields.get("owned", use.owned);
  fields.get("filled", use.filled);
  return fields.status();
}

Result<std::optional<InstanceRecord>> read_record(const JsonReader& reader) {
  const json* member = reader.find("record");
  if (member == nullptr) return std::nullopt;
  auto record = instance_record_from_json(*member);
  if (!record) return fail(record.error());
  return std::move(*record);
}

Result<FromShim> read_reply(JsonReader& reader) {
  Reply reply;
  reader.get("reply", reply.id);
  reader.get("more", reply.more);
  if (const json* error = reader.find("error")) {
    auto read = error_from_json(*error);
    if (!read) return fail(read.error());
    reply.status = fail(std::move(*read));
  }
  auto record = read_record(reader);
  if (!record) return fail(record.error());
  reply.record = std::move(*record);
  if (Status read = read_listeners(reader, reply.listeners); !read) return fail(read.error());
  if (Status read = read_addresses(reader, reply.addresses); !read) return fail(read.error());
  if (Status read = read_counters(reader, reply.counters); !read) return fail(read.error());
  if (Status read = read_slots(reader, reply.slots); !read) return fail(read.error());
  if (reader.find("holds_steering") != nullptr) reader.get("holds_steering", reply.holds_steering.emplace());
  if (Status read = reader.status(); !read) return fail(read.error());
  return reply;
}

Result<FromShim> read_event(JsonReader& reader) {
  std::string name;
  reader.get("event", name);
  const auto* const entry =
      std::find_if(std::begin(kEvents), std::end(kEvents), [&](const auto& e) { return name == e.second; });
  if (entry == std::end(kEvents)) return Unknown{};
  ShimEvent event{entry->first, {}, {}, {}, {}, 0};
  reader.get("message", event.message);
  if (reader.find("connections_cut") != nullptr)
    reader.get("connections_cut", event.connections_cut.emplace());
  reader.get("processes_killed", event.processes_killed);
  if (const json* exit = reader.find("exit")) {
    const auto status = exit_status_from_json(*exit);
    if (!status) return fail(status.error());
    event.exit = *status;
  }
  auto record = read_record(reader);
  if (!record) return fail(record.error());
  event.record = std::move(*record).value_or(InstanceRecord());
  if (Status read = reader.status(); !read) return fail(read.error());
  return event;
}

}  // namespace

std::string to_text(const Reply& reply) {
  json message{{"v", 1}, {"reply", reply.id}};
  if (!reply.status) {
    message["error"] = error_to_json(reply.status.error());
  } else {
    if (reply.record) message["record"] = summary_to_json(*reply.record);
    if (!reply.listeners.empty()) message["listeners"] = listeners_to_json(reply.listeners);
    if (!reply.addresses.empty()) message["addresses"] = addresses_to_json(reply.addresses);
    if (reply.counters != SteeringCounters()) message["counters"] = counters_to_json(reply.counters);
    if (reply.slots) message["slots"] = {{"owned", reply.slots->owned}, {"filled", reply.slots->filled}};
    if (reply.holds_steering) message["holds_steering"] = *reply.holds_steering;
    if (reply.more) message["more"] = true;
  }
  return json_text(message);
}

std::string to_text(const ShimEvent& event) {
  json message{{"v", 1}, {"event", name_in(kEvents, event.kind)}, {"record", summary_to_json(event.record)}};
  if (event.exit) message["exit"] = to_json(*event.exit);
  if (!event.message.empty()) message["message"] = bytes_to_json(event.message);
  if (event.connections_cut) message["connections_cut"] = *event.connections_cut;
  if (event.processes_killed > 0) message["processes_killed"] = event.processes_killed;
  return json_text(message);
}

Result<FromShim> parse_from_shim(std::string_view text) {
  const auto message = parse_json_object(text, "message");
  if (!message) return fail(message.error());
  JsonReader reader(*message, "message");
  if (const Status known = check_version(reader); !known) return fail(known.error());
  if (reader.find("reply") != nullptr) return read_reply(reader);
  return read_event(reader);
}

}  // namespace rollctl::shim
