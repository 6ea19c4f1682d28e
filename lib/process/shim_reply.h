// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "bpf/steering_handle.h"
#include "process/instance_record.h"
#include "process/shim_event.h"
#include "process/shim_message.h"

// The packets that a shim sends (shim_protocol.h): replies to requests, and events.
namespace rollctl::shim {

struct ListenerNote {
  Endpoint bound;
  uint32_t inode = 0;
};

struct Reply {
  int64_t id = 0;  // of the request
  Status status;
  std::optional<InstanceRecord> record;   // without its spec
  std::vector<ListenerNote> listeners;    // to TakeListeners
  std::vector<SteeredAddress> addresses;  // to TakeSteering
  SteeringCounters counters;              // to GetCounters
  std::optional<SlotUse> slots;           // to GetCounters, while it holds steering
  std::optional<bool> holds_steering;     // to GetRecord
  bool more = false;                      // another reply with the same id follows
};

// An event of a newer shim, which this client does not know.
struct Unknown {};

using FromShim = std::variant<Reply, ShimEvent, Unknown>;

// Without the record's spec.
std::string to_text(const Reply& reply);
std::string to_text(const ShimEvent& event);
Result<FromShim> parse_from_shim(std::string_view text);

}  // namespace rollctl::shim
