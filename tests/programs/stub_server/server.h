// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "behaviours.h"
#include "connection.h"
#include "event_file.h"

namespace rollctl::stub {

// Serves as its plan says until it is told to end. SIGTERM, SIGINT, SIGQUIT and Plan::end_signal have to be
// blocked when it is made.
class Server {
 public:
  // `on_ready` is called when it becomes ready, besides the notification.
  Server(Plan plan, EventFile events, std::function<void()> on_ready)
      : plan_(std::move(plan)), events_(std::move(events)), on_ready_(std::move(on_ready)) {}

  // Blocks. The exit code, or why it could not start.
  Result<int> run();

 private:
  Result<int> serve();
  Status watch_signals();
  Status open_port();
  Status listen_everywhere();
  void become_ready();
  void reopen();
  void fail_to_start();
  void accept_from(int listener, int most);
  void proceed(uint64_t id);
  void on_signal();
  void drain();
  void half_close_idle();
  [[nodiscard]] bool is_drained() const;
  void at(TimePoint when, std::function<void()> what) { timers_.emplace(when, std::move(what)); }
  void after(Millis delay, std::function<void()> what);
  int run_timers();  // milliseconds to the next one; -1: none
  void watch(int fd, uint64_t id, uint32_t interest);

  Plan plan_;
  EventFile events_;
  std::function<void()> on_ready_;
  Fd epoll_;
  Fd signals_;
  Fd gate_;
  std::vector<Fd> listeners_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::unordered_map<uint64_t, uint32_t> interests_;
  uint64_t next_id_ = 0;
  std::multimap<TimePoint, std::function<void()>> timers_;
  bool ready_ = false;
  bool draining_ = false;
  bool drain_time_over_ = false;
  std::optional<Result<int>> end_;
};

}  // namespace rollctl::stub
