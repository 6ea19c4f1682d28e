// SPDX-License-Identifier: MIT
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <optional>
#include <tl/expected.hpp>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "load/ledger.h"
#include "load/options.h"

namespace rollctl::load {

// Gets the events of one descriptor at a time.
class Pollable {
 public:
  virtual ~Pollable() = default;
  // epoll events, edge-triggered: read until EAGAIN. May come for a descriptor that was closed meanwhile.
  virtual void on_ready(uint32_t events) = 0;
};

// Opens client sockets. To a 127/8 target each comes from the next of 127.0.0.1 … 127.0.0.N: a port that
// waits in TIME_WAIT is then one of N times 28,000, and hours of load do not run out of them.
class Dialer {
 public:
  explicit Dialer(unsigned source_addresses) : source_addresses_(source_addresses) {}

  struct Failure {
    const char* step;  // "socket" or "connect"
    int os_error;
  };
  // A non-blocking socket whose connection is under way or stands.
  tl::expected<Fd, Failure> dial(const Endpoint& target);

 private:
  unsigned source_addresses_;
  unsigned next_ = 0;
};

// What the clients of one run share. All live in one thread.
struct Surroundings {
  const Options& options;
  Fd epoll;
  Dialer dialer;
  Ledger ledger;
  bool stopping = false;
  std::optional<uint64_t> requests_left;  // nothing: no limit
  TimePoint next_tick;                    // when clients are asked whether their time is up
  std::array<char, 65536> buffer{};       // each call's own until it returns

  // Takes one request out of the budget. False: send no more.
  bool may_send();
  void watch(int fd, Pollable& owner);
  void tick_by(TimePoint when) { next_tick = std::min(next_tick, when); }
};

}  // namespace rollctl::load
