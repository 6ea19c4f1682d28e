// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "bpf/steering_handle.h"
#include "process/instance_record.h"
#include "process/packet_socket.h"
#include "process/shim_client.h"

namespace rollctl {

// What is said between a shim and its clients: packets of one JSON object each. Version 1: members and
// messages are added, never changed or taken away, for shims outlive upgrades of rollctl. Who reads ignores
// what it does not know; a request that a shim does not know gets a reply with an error of kind Unsupported.
//
//   request  client → shim  {"v":1,"id":7,"request":"drain","signal":15,"deadline_ms":60000}
//   reply    shim → client  {"v":1,"reply":7,"record":{…}}  or  {"v":1,"reply":7,"error":{…}}
//   event    shim → client  {"v":1,"event":"exited","record":{…},"exit":{"code":0},…}
//
// Descriptors travel beside the packet, in the order in which the text speaks of them. Parsing takes bytes of
// any kind and never throws.
namespace shim {

// Let the server run: the first request, on the connection that the shim made. With one descriptor, a file
// that holds the launch spec's JSON (a spec with a large environment is too long for a packet), or with none
// where RUN_DIR/launch.json has it. `held`: make all ready, but execute nothing before Execute, which that
// client sends next. No reply: events follow.
struct Launch {
  bool held = false;
};
// Now execute the server whose launch is held. No reply. Without it, where its client goes, nothing was
// launched.
struct Execute {};
struct GetRecord {};
// One descriptor per listener in the reply; many listeners come in several replies.
struct TakeListeners {};
struct SetRole {
  RoleOrder role;
};
struct OpenGate {};
// One address that is steered, without its descriptors, five per address: program, sockets, state, probes,
// counters.
struct SteeredAddress {
  Endpoint bound;
  std::vector<uint32_t> slots;
};
// It changes nothing in the record, which need not come with the reply; an earlier shim sends it all the
// same.
enum class ReplyWith { Record, Nothing };
struct HoldSteering {
  std::vector<SteeredAddress> addresses;  // after those that StageSteering gave
  SteeringTerm term = {};
  ReplyWith reply_with = ReplyWith::Record;
};
// More addresses than one packet has room for: these are kept for the HoldSteering that this client sends
// next.
struct StageSteering {
  std::vector<SteeredAddress> addresses;
};
// Many addresses come in several replies.
struct TakeSteering {};
struct GetCounters {};
// The client that asked for the drain is the one that keeps the journal, if it is there at the end.
struct Drain {
  DrainOrder order;
};
// The client has dealt with the last event, Exited with Stopped. No reply. Every client says so; unless one
// that asked for the drain did, the shim writes the end into the journal itself.
struct SawEnd {};

inline constexpr size_t kFdsPerSteeredAddress = 5;
inline constexpr size_t kMostSteeredAddresses = kMaxPacketFds / kFdsPerSteeredAddress;  // in one packet

using RequestBody = std::variant<Launch, Execute, GetRecord, TakeListeners, SetRole, OpenGate, HoldSteering,
                                 StageSteering, TakeSteering, GetCounters, Drain, SawEnd>;

struct Request {
  int64_t id = 0;
  RequestBody body;
};

// `id` is 0 when not even that could be read.
struct ParsedRequest {
  int64_t id = 0;
  Result<RequestBody> body;
};

struct ListenerNote {
  Endpoint bound;
  uint32_t inode = 0;
};

struct Reply {
  int64_t id = 0;
  Status status;
  std::optional<InstanceRecord> record;   // without its spec
  std::vector<ListenerNote> listeners;    // to TakeListeners
  std::vector<SteeredAddress> addresses;  // to TakeSteering
  SteeringCounters counters;              // to GetCounters
  std::optional<bool> holds_steering;     // to GetRecord
  bool more = false;                      // another reply with the same id follows
};

// What a client does not know: an event of a newer shim.
struct Unknown {};

using FromShim = std::variant<Reply, ShimEvent, Unknown>;

std::string to_text(const Request& request);
std::string to_text(const Reply& reply);
std::string to_text(const ShimEvent& event);

ParsedRequest parse_request(std::string_view text);
Result<FromShim> parse_from_shim(std::string_view text);

}  // namespace shim
}  // namespace rollctl
