// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "base/clock.h"
#include "process/shim_client.h"

namespace rollctl {

// The times of one drain: when the server gets its signal, and when what is left is killed. Pure; the
// Supervisor signals and kills.
class DrainDeadline {
 public:
  // DrainStart::Idle: the server's connections are counted after kIdleLook, then at intervals that double up
  // to kLateIdleLook.
  static constexpr Millis kIdleLook{10};
  static constexpr Millis kLateIdleLook{250};
  // SIGKILL is repeated at this interval, because a process may have forked since the last one.
  static constexpr Millis kKillAgain{100};

  void begin(const DrainOrder& order, TimePoint now);

  // A further order of the same drain. It can shorten the deadline and widen the scope only. True when the
  // server has to get the order's signal: it is another one, more processes get it, or there was none yet and
  // this order waits for nothing.
  [[nodiscard]] bool amend(const DrainOrder& order, TimePoint now);

  // The server asked for more time. False when that changes nothing.
  bool extend(TimePoint until);

  [[nodiscard]] const DrainOrder& order() const { return order_; }
  void signal_sent() { is_signalled_ = true; }
  [[nodiscard]] bool is_signalled() const { return is_signalled_; }

  void plan_idle_look(TimePoint now);
  [[nodiscard]] TimePoint idle_look_due() const { return idle_look_due_; }

  // In the middle of the drain: the server needs the rest of the time to end.
  [[nodiscard]] TimePoint half() const;

  // When everything is killed, for the first time or again.
  [[nodiscard]] TimePoint kill_due() const { return kill_due_; }
  // Everything was killed just now, with so many connections open, and so many processes besides the main
  // one.
  void killed(size_t connections, size_t processes, TimePoint now);
  // As of the first kill; nothing before it.
  [[nodiscard]] std::optional<size_t> connections_cut() const { return connections_cut_; }
  [[nodiscard]] size_t processes_killed() const { return processes_killed_; }

  [[nodiscard]] Millis elapsed(TimePoint now) const;

 private:
  DrainOrder order_;
  TimePoint began_{};
  bool is_signalled_ = false;
  TimePoint idle_look_due_{};
  Millis idle_look_{kIdleLook};
  TimePoint kill_due_{};
  std::optional<size_t> connections_cut_;
  size_t processes_killed_ = 0;
};

}  // namespace rollctl
