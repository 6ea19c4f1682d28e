// SPDX-License-Identifier: MIT
// Owning pointers for libevent's objects. The event base must outlive them.
#pragma once

#include <event2/event.h>
#include <event2/http.h>
#include <sys/time.h>

#include <chrono>
#include <memory>

namespace roll {

struct EventFree {
  void operator()(event* e) const { event_free(e); }
};
struct EvhttpFree {
  void operator()(evhttp* e) const { evhttp_free(e); }
};
using EventPtr = std::unique_ptr<event, EventFree>;
using EvhttpPtr = std::unique_ptr<evhttp, EvhttpFree>;

inline timeval to_timeval(std::chrono::milliseconds duration) {
  return {static_cast<time_t>(duration.count() / 1000),
          static_cast<suseconds_t>(duration.count() % 1000 * 1000)};
}

}  // namespace roll
