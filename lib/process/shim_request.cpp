// SPDX-License-Identifier: MIT
#include "process/shim_request.h"

#include <type_traits>
#include <utility>

#include "process/json_reader.h"

namespace rollctl::shim {

using nlohmann::json;

namespace {

void write_drain_order(json& target, const DrainOrder& order) {
  target["signal"] = order.signal;
  target["deadline_ms"] = order.deadline.count();
  if (order.start == DrainStart::Idle) target["order"] = "idle";
  if (order.scope == DrainScope::All) target["scope"] = "all";
  if (order.http == HttpDrain::Keep) return;
  target["http"] = http_drain_name(order.http);
  target["http_silence_ms"] = order.http_silence.count();
}

void read_drain_order(JsonReader& reader, DrainOrder& order) {
  reader.get("signal", order.signal);
  reader.get("deadline_ms", order.deadline);
  std::string start;
  reader.get("order", start);
  order.start = start == "idle" ? DrainStart::Idle : DrainStart::Signal;
  read_drain_scope(reader, "scope", order.scope);
  std::string http;
  reader.get("http", http);
  order.http = parse_http_drain(http).value_or(HttpDrain::Keep);
  reader.get("http_silence_ms", order.http_silence);
  if (order.http_silence < Millis(0)) reader.complain("http_silence_ms", "a number of milliseconds");
  if (order.signal < 1 || order.signal > 64) reader.complain("signal", "a signal's number");
  if (order.deadline < Millis(0)) reader.complain("deadline_ms", "a number of milliseconds");
}

// A pair for every request that has members.
void write_members(json& message, const Launch& launch) {
  if (launch.held) message["held"] = true;
}

Status read_members(JsonReader& reader, Launch& launch) {
  reader.get("held", launch.held);
  return reader.status();
}

void write_members(json& message, const SetRole& request) {
  const RoleOrder& role = request.role;
  message["state"] = instance_state_name(role.state);
  message["weight"] = role.weight;
  if (role.generation) message["generation"] = *role.generation;
  if (!role.hold) return;
  json& hold = message["hold"];
  hold["duration_ms"] = role.hold->duration.count();
  write_drain_order(hold, role.hold->drain);
}

Status read_members(JsonReader& reader, SetRole& request) {
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
    if (Status read = fields.status(); !read) return read;
  }
  return reader.status();
}

void write_members(json& message, const HoldSteering& hold) {
  message["addresses"] = addresses_to_json(hold.addresses);
  if (hold.reply_with == ReplyWith::Nothing) message["record"] = false;
  if (hold.term.until == SteeringTerm::Until::Told) return;
  message["until"] = "alone";
  message["look_after_ms"] = hold.term.look_after.count();
}

Status read_members(JsonReader& reader, HoldSteering& hold) {
  std::string until;
  reader.get("until", until);
  if (until == "alone") hold.term.until = SteeringTerm::Until::Alone;
  reader.get("look_after_ms", hold.term.look_after);
  bool record = true;
  reader.get("record", record);
  if (!record) hold.reply_with = ReplyWith::Nothing;
  if (Status read = reader.status(); !read) return read;
  return read_addresses(reader, hold.addresses);
}

void write_members(json& message, const StageSteering& stage) {
  message["addresses"] = addresses_to_json(stage.addresses);
}

Status read_members(const JsonReader& reader, StageSteering& stage) {
  return read_addresses(reader, stage.addresses);
}

void write_members(json& message, const Drain& drain) {
  write_drain_order(message, drain.order);
}

Status read_members(JsonReader& reader, Drain& drain) {
  read_drain_order(reader, drain.order);
  return reader.status();
}

template <typename Body>
Result<RequestBody> read_body(JsonReader& reader) {
  Body body;
  if constexpr (!std::is_empty_v<Body>)
    if (Status read = read_members(reader, body); !read) return fail(read.error());
  return body;
}

template <typename... Bodies>
Result<RequestBody> read_named(const std::string& name, JsonReader& reader,
                               std::type_identity<std::variant<Bodies...>>) {
  Result<RequestBody> body =
      fail(ErrorKind::Unsupported, "this shim does not know the request '" + name.substr(0, 64) + "'");
  (void)((name == Bodies::kName && (body = read_body<Bodies>(reader), true)) || ...);
  return body;
}

}  // namespace

std::string to_text(const Request& request) {
  json message{{"v", 1}, {"id", request.id}};
  std::visit(
      [&]<typename Body>(const Body& body) {
        message["request"] = Body::kName;
        if constexpr (!std::is_empty_v<Body>) write_members(message, body);
      },
      request.body);
  return json_text(message);
}

ParsedRequest parse_request(std::string_view text) {
  const auto message = parse_json_object(text, "message");
  if (!message) return {0, fail(message.error())};
  JsonReader reader(*message, "message");
  ParsedRequest request{0, Launch{}};
  reader.get("id", request.id);
  std::string name;
  const Status known = check_version(reader);
  reader.get("request", name);
  request.body = known ? read_named(name, reader, std::type_identity<RequestBody>()) : fail(known.error());
  return request;
}

}  // namespace rollctl::shim
