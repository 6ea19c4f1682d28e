// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "behaviours.h"
#include "event_file.h"

namespace rollctl::stub {

// What a connection needs to know of its server.
struct ServerView {
  const Plan& plan;
  EventFile& events;
  bool ready = false;
  bool draining = false;
};

// One HTTP/1.1 connection: requests without bodies, one at a time.
//   /readyz, /-/readyz  200 or 503
//   /bytes/N            N bytes; the 8 at offset 8*i are i, little-endian
//   any other           200 and a short text
// Each answer has X-Release and X-Instance, from $ROLL_RELEASE and $ROLL_INSTANCE where set.
class Connection {
 public:
  // What the server has to do next.
  struct Wish {
    bool closed = false;
    uint32_t interest = 0;             // epoll events, level-triggered
    std::optional<TimePoint> wake_at;  // then call proceed() whatever epoll says
  };

  Connection(Fd socket, std::string peer) : socket_(std::move(socket)), peer_(std::move(peer)) {}

  [[nodiscard]] int fd() const { return socket_.get(); }

  // Reads, answers and writes as far as it goes without blocking.
  Wish proceed(const ServerView& server);

  // Between two requests. One that has not asked yet is not idle: its request may be under way.
  [[nodiscard]] bool is_idle() const { return state_ == State::Reading && answered_ > 0 && in_.empty(); }

  // For an idle connection of a draining server: no answer comes any more. Reads to EOF.
  void half_close();

 private:
  enum class State { Reading, Waiting, Writing, Stuck, Lingering, Closed };

  void read_request(const ServerView& server);
  void start_answer(const ServerView& server);
  void write_answer(const ServerView& server);
  void finish_answer(const ServerView& server);
  void linger();
  void close_with_reset();

  Fd socket_;
  std::string peer_;
  State state_ = State::Reading;
  std::string in_;
  std::string path_;
  bool head_only_ = false;
  bool close_after_ = false;
  std::string out_;
  size_t out_sent_ = 0;
  uint64_t body_size_ = 0;  // of /bytes/N
  uint64_t body_sent_ = 0;
  uint64_t answered_ = 0;
  std::optional<TimePoint> wake_at_;
};

}  // namespace rollctl::stub
