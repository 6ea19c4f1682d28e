// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "process/orders.h"
#include "process/shim_message.h"

// The requests of the protocol (shim_protocol.h): what a client asks of a shim. kName is the request's name
// in the packet.
namespace rollctl::shim {

// Run the server: the first request, on the connection that the shim made. With one descriptor, a file that
// holds the launch spec's JSON (a spec with a large environment is too long for a packet), or with none where
// RUN_DIR/launch.json holds it. No reply: events follow.
struct Launch {
  static constexpr const char* kName = "launch";
  bool held = false;  // prepare everything, but execute nothing before Execute, the client's next request
};
// Execute the server of a held launch. No reply. A client that goes without sending it has launched nothing.
struct Execute {
  static constexpr const char* kName = "execute";
};
struct GetRecord {
  static constexpr const char* kName = "record";
};
// The reply carries one descriptor per listener; many listeners come in several replies.
struct TakeListeners {
  static constexpr const char* kName = "take_listeners";
};
struct SetRole {
  static constexpr const char* kName = "set_role";
  RoleOrder role;
};
struct OpenGate {
  static constexpr const char* kName = "open_gate";
};
// HoldSteering changes nothing in the record, so the reply may come without it. An earlier shim sends it
// anyway.
enum class ReplyWith { Record, Nothing };
struct HoldSteering {
  static constexpr const char* kName = "hold_steering";
  std::vector<SteeredAddress> addresses;  // after those of the StageSteering requests before
  SteeringTerm term = {};
  ReplyWith reply_with = ReplyWith::Record;
};
// Addresses for which the packet of HoldSteering has no room: kept for this client's next HoldSteering.
struct StageSteering {
  static constexpr const char* kName = "stage_steering";
  std::vector<SteeredAddress> addresses;
};
// Many addresses come in several replies.
struct TakeSteering {
  static constexpr const char* kName = "take_steering";
};
struct GetCounters {
  static constexpr const char* kName = "counters";
};
// The client that asked for the drain records its end in the journal, if it is still connected then.
struct Drain {
  static constexpr const char* kName = "drain";
  DrainOrder order;
};
// The client has dealt with the last event, Exited with Stopped. No reply. Every client sends it. If none of
// those that asked for the drain does, the shim records the end in the journal itself.
struct SawEnd {
  static constexpr const char* kName = "saw_end";
};

using RequestBody = std::variant<Launch, Execute, GetRecord, TakeListeners, SetRole, OpenGate, HoldSteering,
                                 StageSteering, TakeSteering, GetCounters, Drain, SawEnd>;

struct Request {
  int64_t id = 0;
  RequestBody body;
};

// `id` is 0 where not even the id could be read. `body` fails with Unsupported for a request that this shim
// does not know, with Invalid for one that it cannot read.
struct ParsedRequest {
  int64_t id = 0;
  Result<RequestBody> body;
};

std::string to_text(const Request& request);
ParsedRequest parse_request(std::string_view text);

}  // namespace rollctl::shim
