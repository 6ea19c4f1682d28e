// SPDX-License-Identifier: MIT
#include "supervise/drain_deadline.h"

#include <algorithm>
#include <utility>

namespace rollctl {

void DrainDeadline::begin(const DrainOrder& order, TimePoint now) {
  order_ = order;
  began_ = now;
  kill_due_ = now + order.deadline;
}

bool DrainDeadline::amend(const DrainOrder& order, TimePoint now) {
  kill_due_ = std::min(kill_due_, now + order.deadline);
  const bool is_other_signal = order.signal != std::exchange(order_.signal, order.signal);
  const bool is_wider = order.scope == DrainScope::All && order_.scope == DrainScope::Main;
  if (is_wider) order_.scope = DrainScope::All;
  return is_other_signal || is_wider ||
         (!is_signalled_ && order.start == DrainStart::Signal && order.http == HttpDrain::Keep);
}

bool DrainDeadline::extend(TimePoint until) {
  if (connections_cut_ || until <= kill_due_) return false;
  kill_due_ = until;
  return true;
}

TimePoint DrainDeadline::half() const {
  return began_ + (kill_due_ - began_) / 2;
}

void DrainDeadline::plan_idle_look(TimePoint now) {
  idle_look_due_ = now + idle_look_;
  idle_look_ = std::min(idle_look_ * 2, kLateIdleLook);
}

void DrainDeadline::killed(size_t connections, size_t processes, TimePoint now) {
  if (!connections_cut_) processes_killed_ = processes;
  if (!connections_cut_) connections_cut_ = connections;
  kill_due_ = now + kKillAgain;
}

Millis DrainDeadline::elapsed(TimePoint now) const {
  return std::chrono::duration_cast<Millis>(now - began_);
}

}  // namespace rollctl
