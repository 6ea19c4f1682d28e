// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "process/instance_record.h"

// Orders of rollctl to a shim about its instance.
namespace rollctl {

enum class DrainStart {
  Signal,  // send the drain signal at once
  Idle,    // send it when the last connection has closed: for a server that cannot drain
};

// Whether the clients of HTTP/1 connections are asked to close them before the server gets its signal.
enum class HttpDrain {
  Keep,           // no
  Close,          // yes, by "Connection: close" in the next response; not on blocking sockets
  CloseBlocking,  // on these as well
};
const char* http_drain_name(HttpDrain http);
std::optional<HttpDrain> parse_http_drain(std::string_view name);

struct DrainOrder {
  int signal = 15;
  Millis deadline{60'000};  // then SIGKILL, with whatever is still open
  DrainStart start = DrainStart::Signal;
  DrainScope scope = DrainScope::Main;
  HttpDrain http = HttpDrain::Keep;
  Millis http_silence{5000};  // a connection that is silent for so long is not waited for
};

// After `duration` the shim of a standby drains it, while no rollctl changes the app.
struct HoldOrder {
  Millis duration{0};
  DrainOrder drain;
};

struct RoleOrder {
  InstanceState state = InstanceState::Ready;  // or Serving, Canary, Standby, Settling
  double weight = 0;                           // percent of the new connections
  // The generation that the instance joins, where it changes: a rollback takes a standby into a new one.
  std::optional<int64_t> generation = {};
  std::optional<HoldOrder> hold = {};  // with Standby
};

// How long a shim holds the steering descriptors that it was given.
struct SteeringTerm {
  enum class Until {
    Told,   // until rollctl says otherwise
    Alone,  // or until every listener is in the rotation: then the shim ends the steering, while no rollctl
            // changes the app
  };
  Until until = Until::Told;
  Millis look_after{0};  // with Alone: the shim does not look before
};

}  // namespace rollctl
