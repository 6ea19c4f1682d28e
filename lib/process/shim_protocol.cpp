// SPDX-License-Identifier: MIT
#include "process/shim_protocol.h"

#include <algorithm>
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

json endpoint_to_json(const Endpoint& endpoint) {
  return endpoint.text();
}

void read_endpoint(JsonReader& reader, const char* name, Endpoint& target) {
  std::string text;
  reader.get(name, text);
  auto address = ListenAddress::parse(text);
  if (!address || address->host != ListenAddress::Host::Ip) return reader.complain(name, "HOST:PORT");
  target = address->endpoint;
}

json addresses_to_json(const std::vector<SteeredAddress>& addresses) {
  json list = json::array();
  for (const auto& address : addresses)
    list.push_back({{"bound", endpoint_to_json(address.bound)}, {"slots", address.slots}});
  return list;
}

Status read_addresses(const JsonReader& reader, std::vector<SteeredAddress>& target) {
  const json* list = reader.find("addresses");
  if (list == nullptr) return {};
  if (!list->is_array()) return fail(ErrorKind::Invalid, "message: member \"addresses\" should be a list");
  for (const auto& element : *list) {
    JsonReader fields(element, "message: addresses");
    SteeredAddress address;
    read_endpoint(fields, "bound", address.bound);
    fields.get("slots", address.slots);
    if (Status read = fields.status(); !read) return read;
    target.push_back(std::move(address));
  }
  return {};
}

json listeners_to_json(const std::vector<ListenerNote>& listeners) {
  json list = json::array();
  for (const auto& listener : listeners)
    list.push_back({{"bound", endpoint_to_json(listener.bound)}, {"inode", listener.inode}});
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

void write_drain(json& target, const DrainOrder& order) {
  target["signal"] = order.signal;
  target["deadline_ms"] = order.deadline.count();
  if (order.start == DrainStart::Idle) target["order"] = "idle";
}

void read_drain_order(JsonReader& reader, DrainOrder& order) {
  reader.get("signal", order.signal);
  reader.get("deadline_ms", order.deadline);
  std::string start;
  if (reader.find("order") != nullptr) reader.get("order", start);
  order.start = start == "idle" ? DrainStart::Idle : DrainStart::Signal;
  if (order.signal < 1 || order.signal > 64) reader.complain("signal", "a signal's number");
  if (order.deadline < Millis(0)) reader.complain("deadline_ms", "a number of milliseconds");
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

// What a request adds to its envelope.
struct RequestWriter {
  json& message;
  void operator()(const Launch& launch) const {
    message["request"] = "launch";
    if (launch.held) message["held"] = true;
  }
  void operator()(const Execute&) const { message["request"] = "execute"; }
  void operator()(const GetRecord&) const { message["request"] = "record"; }
  void operator()(const TakeListeners&) const { message["request"] = "take_listeners"; }
  void operator()(const OpenGate&) const { message["request"] = "open_gate"; }
  void operator()(const TakeSteering&) const { message["request"] = "take_steering"; }
  void operator()(const GetCounters&) const { message["request"] = "counters"; }
  void operator()(const SawEnd&) const { message["request"] = "saw_end"; }
  void operator()(const SetRole& request) const {
    const RoleOrder& role = request.role;
    message["request"] = "set_role";
    message["state"] = instance_state_name(role.state);
    message["weight"] = role.weight;
    if (role.generation) message["generation"] = *role.generation;
    if (!role.hold) return;
    json& hold = message["hold"];
    hold["duration_ms"] = role.hold->duration.count();
    write_drain(hold, role.hold->drain);
  }
  void operator()(const HoldSteering& hold) const {
    message["request"] = "hold_steering";
    message["addresses"] = addresses_to_json(hold.addresses);
    if (hold.reply_with == ReplyWith::Nothing) message["record"] = false;
    if (hold.term.until == SteeringTerm::Until::Told) return;
    message["until"] = "alone";
    message["look_after_ms"] = hold.term.look_after.count();
  }
  void operator()(const StageSteering& stage) const {
    message["request"] = "stage_steering";
    message["addresses"] = addresses_to_json(stage.addresses);
  }
  void operator()(const Drain& drain) const {
    message["request"] = "drain";
    write_drain(message, drain.order);
  }
};

Result<RequestBody> read_set_role(JsonReader& reader) {
  SetRole request;
  RoleOrder& role = request.role;
  std::string state;
  reader.get("state", state);
  reader.get("weight", role.weight);
  const auto parsed = parse_instance_state(state);
  if (!parsed) return fail(parsed.error());
  role.state = *parsed;
  if (!(role.weight >= 0 && role.weight <= 100)) reader.complain("weight", "a percentage");
  if (reader.find("generation") != nullptr) reader.get("generation", role.generation.emplace());
  if (const json* hold = reader.find("hold")) {
    JsonReader fields(*hold, "message: hold");
    role.hold.emplace();
    fields.get("duration_ms", role.hold->duration);
    if (role.hold->duration < Millis(0)) fields.complain("duration_ms", "a number of milliseconds");
    read_drain_order(fields, role.hold->drain);
    if (Status read = fields.status(); !read) return fail(read.error());
  }
  if (Status read = reader.status(); !read) return fail(read.error());
  return request;
}

Result<RequestBody> read_drain(JsonReader& reader) {
  Drain drain;
  read_drain_order(reader, drain.order);
  if (Status read = reader.status(); !read) return fail(read.error());
  return drain;
}

Result<RequestBody> read_hold_steering(JsonReader& reader) {
  HoldSteering hold;
  std::string until;
  if (reader.find("until") != nullptr) reader.get("until", until);
  bool record = true;
  reader.get("record", record);
  if (!record) hold.reply_with = ReplyWith::Nothing;
  if (until == "alone") hold.term.until = SteeringTerm::Until::Alone;
  if (reader.find("look_after_ms") != nullptr) reader.get("look_after_ms", hold.term.look_after);
  if (Status read = reader.status(); !read) return fail(read.error());
  if (Status read = read_addresses(reader, hold.addresses); !read) return fail(read.error());
  return hold;
}

Result<RequestBody> read_stage_steering(const JsonReader& reader) {
  StageSteering stage;
  if (Status read = read_addresses(reader, stage.addresses); !read) return fail(read.error());
  return stage;
}

Result<RequestBody> read_launch(JsonReader& reader) {
  Launch launch;
  if (reader.find("held") != nullptr) reader.get("held", launch.held);
  if (Status read = reader.status(); !read) return fail(read.error());
  return launch;
}

Result<RequestBody> read_body(JsonReader& reader) {
  std::string name;
  reader.get("request", name);
  if (name == "launch") return read_launch(reader);
  if (name == "execute") return Execute{};
  if (name == "record") return GetRecord{};
  if (name == "take_listeners") return TakeListeners{};
  if (name == "set_role") return read_set_role(reader);
  if (name == "open_gate") return OpenGate{};
  if (name == "hold_steering") return read_hold_steering(reader);
  if (name == "stage_steering") return read_stage_steering(reader);
  if (name == "take_steering") return TakeSteering{};
  if (name == "counters") return GetCounters{};
  if (name == "drain") return read_drain(reader);
  if (name == "saw_end") return SawEnd{};
  return fail(ErrorKind::Unsupported, "this shim knows no request '" + name.substr(0, 64) + "'");
}

Status check_version(JsonReader& reader) {
  int64_t version = 0;
  reader.get("v", version);
  if (version < 1) reader.complain("v", "the protocol's version");
  return reader.status();
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
  ShimEvent event{entry->first, {}, {}, {}, {}};
  reader.get("message", event.message);
  if (reader.find("connections_cut") != nullptr)
    reader.get("connections_cut", event.connections_cut.emplace());
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

std::string to_text(const Request& request) {
  json message{{"v", 1}, {"id", request.id}};
  std::visit(RequestWriter{message}, request.body);
  return json_text(message);
}

std::string to_text(const Reply& reply) {
  json message{{"v", 1}, {"reply", reply.id}};
  if (!reply.status) {
    message["error"] = error_to_json(reply.status.error());
  } else {
    if (reply.record) message["record"] = summary_to_json(*reply.record);
    if (!reply.listeners.empty()) message["listeners"] = listeners_to_json(reply.listeners);
    if (!reply.addresses.empty()) message["addresses"] = addresses_to_json(reply.addresses);
    if (reply.counters != SteeringCounters()) message["counters"] = counters_to_json(reply.counters);
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
  return json_text(message);
}

ParsedRequest parse_request(std::string_view text) {
  const auto message = parse_json_object(text, "message");
  if (!message) return {0, fail(message.error())};
  JsonReader reader(*message, "message");
  ParsedRequest request{0, Launch{}};
  reader.get("id", request.id);
  const Status known = check_version(reader);
  request.body = known ? read_body(reader) : fail(known.error());
  return request;
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
