// SPDX-License-Identifier: MIT
#include "supervise/supervisor.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/duration.h"
#include "process/instance_event.h"

namespace rollctl {

namespace {

bool may_be_restarted(InstanceState role) {
  return role == InstanceState::Ready || role == InstanceState::Serving;
}

bool is_role(InstanceState state) {
  switch (state) {
    case InstanceState::Ready:
    case InstanceState::Serving:
    case InstanceState::Canary:
    case InstanceState::Standby:
    case InstanceState::Settling:
      return true;
    default:
      return false;
  }
}

}  // namespace

Supervisor::Supervisor(const Roles& roles, LaunchSpec spec, ProcessId shim) : roles_(roles) {
  record_.id = spec.instance;
  record_.app = spec.app;
  record_.release = spec.release;
  record_.generation = spec.generation;
  record_.shim = std::move(shim);
  record_.spec = std::move(spec);
}

// Launching.

void Supervisor::hold(const Status& prepared) {
  phase_ = Phase::Held;
  held_ = prepared ? make_child() : prepared;
}

void Supervisor::start() {
  if (!held_) return launch_failed(held_.error().message);
  proceed();
}

void Supervisor::restart() {
  if (const Status made = make_child(); !made) return launch_failed(made.error().message);
  proceed();
}

Status Supervisor::make_child() {
  record_.notified_ready = false;
  record_.ready_after.reset();
  record_.status.clear();
  started_at_ = roles_.clock.now();
  record_.started = roles_.clock.wall_now();
  const auto child = roles_.process.start();
  if (!child) return fail(child.error());
  record_.server = *child;
  // Nobody would ever find a server that no record names.
  Status saved = roles_.output.save(record_);
  if (saved || !is_first_launch_) return {};
  (void)roles_.process.call_off();
  return saved;
}

void Supervisor::proceed() {
  phase_ = Phase::Launching;
  launch_due_ = roles_.clock.now() + kExecPatience;
  roles_.process.proceed();
}

void Supervisor::executed() {
  phase_ = Phase::Running;
  next_look_ = roles_.clock.now();
  if (is_first_launch_) {
    is_first_launch_ = false;
    return publish(ShimEvent::Kind::Launched);
  }
  ++record_.restarts;
  save();
  // Somebody may wait for it, and a line takes as long as the disk does.
  publish(ShimEvent::Kind::Restarted);
  roles_.output.note(restarted_line(record_, roles_.clock.wall_now()));
}

void Supervisor::execution_failed(const std::string& message) {
  if (phase_ == Phase::Held) {
    held_ = fail(ErrorKind::Failed, message);
  } else {
    launch_failed(message);
  }
}

void Supervisor::give_launch_up() {
  const auto why = roles_.process.call_off();
  if (why) launch_failed(*why + ", and was ended after " + format_duration(kExecPatience));
}

void Supervisor::launch_failed(const std::string& message) {
  record_.server = {};
  if (is_first_launch_) {
    phase_ = Phase::Ended;
    record_.state = InstanceState::Failed;
    roles_.output.finish({ShimEvent::Kind::LaunchFailed, record_, {}, message, {}}, {});
    return;
  }
  plan_restart_or_fail({});
  if (has_none_left()) {
    phase_ = phase_after_sweeping();
  } else {
    phase_ = Phase::Sweeping;
    next_sweep_ = roles_.clock.now() + kKillAgain;
  }
  save();
  publish(ShimEvent::Kind::Exited, record_.exit, message);
}

// Exits.

void Supervisor::server_exited(const ExitStatus& exit) {
  if (phase_ == Phase::Ended) return;
  record_.server = {};
  record_.exit = exit;
  // Its end was asked for; what it left behind has until the deadline.
  if (phase_ == Phase::Draining) {
    if (!has_none_left()) save();
    return;
  }
  const std::string message = what_was_left(exit);
  plan_restart_or_fail(exit);
  phase_ = Phase::Sweeping;
  status_due_.reset();
  save();
  publish(ShimEvent::Kind::Exited, exit, message);
  roles_.output.note(exited_line(record_, roles_.clock.wall_now(), exit));
  roles_.process.send_signal_to_all(SIGTERM);
  next_sweep_ = roles_.clock.now() + kSweepPatience;
}

// A look that failed is no answer.
bool Supervisor::has_none_left() const {
  const auto living = roles_.process.living();
  return living && living->empty();
}

std::string Supervisor::what_was_left(const ExitStatus& exit) const {
  const auto left = roles_.process.living().value_or(std::vector<pid_t>());
  std::string text = "the server " + exit.text();
  if (left.empty()) return text;
  if (exit.success())
    return text + " but left process " + std::to_string(left.front()) +
           " running: it must stay in the foreground";
  return text + " and left " + std::to_string(left.size()) + (left.size() == 1 ? " process" : " processes") +
         ", ended now";
}

bool Supervisor::is_restarted_on(const ExitStatus& exit) const {
  switch (record_.spec.restart) {
    case RestartPolicy::Always:
      return true;
    case RestartPolicy::OnFailure:
      return !exit.success();
    case RestartPolicy::Never:
      return false;
  }
  return false;
}

// Without an exit: a restart whose exec failed.
void Supervisor::plan_restart_or_fail(std::optional<ExitStatus> exit) {
  const bool wanted = may_be_restarted(role_) && (!exit || is_restarted_on(*exit));
  if (!wanted || attempts_ >= record_.spec.give_up) {
    record_.state = InstanceState::Failed;
    roles_.process.close_sockets();
    return;
  }
  const TimePoint now = roles_.clock.now();
  if (ready_since_ && now - *ready_since_ >= kStable) doublings_ = 0;
  ready_since_.reset();
  Millis delay = record_.spec.backoff;
  for (int i = 0; i < doublings_ && delay < record_.spec.max_backoff; ++i) delay *= 2;
  delay = std::min(delay, record_.spec.max_backoff);
  ++doublings_;
  ++attempts_;
  if (attempts_ > 1 || delay > kClientsWait) roles_.process.close_sockets();
  restart_at_ = now + delay;
  record_.state = InstanceState::Restarting;
}

void Supervisor::last_process_gone() {
  switch (phase_) {
    case Phase::Sweeping:
      phase_ = phase_after_sweeping();
      return;
    case Phase::Draining:
      return end_drain();
    default:
      return;
  }
}

Phase Supervisor::phase_after_sweeping() const {
  return record_.state == InstanceState::Failed ? Phase::Idle : Phase::Waiting;
}

// What has ended is not always reaped: a tracer may keep it.
void Supervisor::sweep() {
  if (has_none_left()) return last_process_gone();
  roles_.process.send_signal_to_all(SIGKILL);
  next_sweep_ = roles_.clock.now() + kKillAgain;
}

// Getting ready.

void Supervisor::notified(const NotifyMessage& message) {
  if (phase_ != Phase::Running && phase_ != Phase::Draining) return;
  const TimePoint now = roles_.clock.now();
  if (message.extend_timeout && phase_ == Phase::Draining) extend_drain(now + *message.extend_timeout);
  if (message.status && *message.status != record_.status) {
    record_.status = *message.status;
    if (!status_due_) status_due_ = std::max(now, status_sent_ + kStatusInterval);
  }
  if (message.ready && !record_.notified_ready) {
    record_.notified_ready = true;
    was_notifying_ = true;
    // Somebody waits for this; the record may be a moment late.
    publish(ShimEvent::Kind::NotifiedReady);
    status_told(now);
    save();
    if (record_.state == InstanceState::Restarting) look_whether_ready();
  }
  if (status_due_ && *status_due_ <= now) publish_status();
}

// Who waits for the end of the drain, or looks, is to know. A server may say it as often as it likes: told at
// intervals, as its status is.
void Supervisor::extend_drain(TimePoint until) {
  if (connections_cut_ || until <= cut_at_) return;
  cut_at_ = until;
  record_.drain_deadline = cut_at_;
  if (!status_due_) status_due_ = std::max(roles_.clock.now(), status_sent_ + kStatusInterval);
}

// With whatever is published the status goes along.
void Supervisor::status_told(TimePoint now) {
  if (status_due_) status_sent_ = now;
  status_due_.reset();
}

void Supervisor::publish_status() {
  status_told(roles_.clock.now());
  save();
  publish(ShimEvent::Kind::StatusText);
}

void Supervisor::look_whether_ready() {
  const TimePoint now = roles_.clock.now();
  next_look_ = now + (now - started_at_ < std::chrono::seconds(1) ? kReadyLook : kLateReadyLook);
  if (was_notifying_ && !record_.notified_ready) return;
  const bool listens_anyway = record_.spec.sockets == LaunchSpec::Sockets::Inherited;
  if (listens_anyway && !was_notifying_ && now - started_at_ < kTrusted) return;
  if (roles_.network.listens_on_all()) became_ready();
}

void Supervisor::became_ready() {
  // Only now may clients come: the slots are what leads them here.
  if (!steering_.empty()) {
    auto listeners = roles_.network.listeners();
    if (!listeners || roles_.network.refill(steering_, std::move(*listeners)) == Refill::TryAgain) return;
  }
  const TimePoint now = roles_.clock.now();
  attempts_ = 0;
  ready_since_ = now;
  record_.ready_after = std::chrono::duration_cast<Millis>(now - started_at_);
  record_.state = role_;
  save();
  publish(ShimEvent::Kind::StatusText);
}

// Orders.

Status Supervisor::set_role(const RoleOrder& role) {
  const InstanceState state = role.state;
  if (!is_role(state))
    return fail(ErrorKind::Invalid,
                std::string(instance_state_name(state)) + " is not for clients to decide");
  if (phase_ == Phase::Draining || phase_ == Phase::Ended || record_.state == InstanceState::Failed)
    return fail(ErrorKind::Failed,
                "instance " + std::to_string(record_.id) + " is " + instance_state_name(record_.state));
  const TimePoint now = roles_.clock.now();
  if (role_ == InstanceState::Starting) {
    record_.ready_after = std::chrono::duration_cast<Millis>(now - started_at_);
    ready_since_ = now;
  }
  role_ = state;
  record_.weight = role.weight;
  if (role.generation) record_.generation = *role.generation;
  hold_ = role.hold;
  record_.standby_until.reset();
  if (hold_) {
    hold_ends_ = now + hold_->duration;
    record_.standby_until = hold_ends_;
  }
  if (record_.state != InstanceState::Restarting) record_.state = state;
  return roles_.output.save(record_);
}

void Supervisor::open_gate() {
  record_.spec.gate = LaunchSpec::Gate::Open;
  roles_.process.open_gate();
  save();
}

void Supervisor::hold_steering(std::vector<SteeringHandle> handles, SteeringTerm term) {
  if (handles.empty()) let_go_of_steering();
  steering_ = std::move(handles);
  held_until_ = term.until;
  next_alone_look_ = roles_.clock.now() + std::max(term.look_after, kTurnAgain);
}

// What its counters said goes with it.
void Supervisor::let_go_of_steering() {
  steered_before_ = counters();
  steering_.clear();
}

SteeringCounters Supervisor::counters() const {
  SteeringCounters sum = steered_before_;
  const SteeringCounters now = roles_.network.counters(steering_);
  sum.connections += now.connections;
  sum.fallbacks += now.fallbacks;
  sum.migrations += now.migrations;
  return sum;
}

Status Supervisor::drain(const DrainOrder& order) {
  if (phase_ == Phase::Ended) return {};
  if (phase_ == Phase::Staged || phase_ == Phase::Held)
    return fail(ErrorKind::Busy, "the server is not launched yet");
  if (phase_ == Phase::Launching && roles_.process.call_off()) record_.server = {};
  if (phase_ == Phase::Ended) return {};  // it could not be executed
  const TimePoint now = roles_.clock.now();
  if (phase_ == Phase::Draining) {
    const bool other_signal = order.signal != std::exchange(order_.signal, order.signal);
    if (other_signal || (!told_to_end_ && order.start == DrainStart::Signal)) tell_to_end();
    cut_at_ = std::min(cut_at_, now + order.deadline);
  } else {
    order_ = order;
    drained_from_ = now;
    cut_at_ = now + order.deadline;
    begin_draining();
  }
  if (phase_ == Phase::Ended) return {};
  record_.drain_deadline = cut_at_;
  save();
  return {};
}

void Supervisor::begin_draining() {
  const Phase before = std::exchange(phase_, Phase::Draining);
  record_.state = InstanceState::Draining;
  hold_.reset();
  record_.standby_until.reset();
  if (before != Phase::Running) {
    roles_.process.close_sockets();
  } else if (order_.start == DrainStart::Idle) {
    look_whether_idle();
  } else {
    tell_to_end();
  }
  if (before == Phase::Waiting || before == Phase::Idle) end_drain();
}

// A listener that the server closes ends only when nobody else holds it.
void Supervisor::tell_to_end() {
  told_to_end_ = true;
  roles_.process.close_sockets();
  roles_.process.send_signal(order_.signal);
}

void Supervisor::look_whether_idle() {
  if (const auto open = roles_.network.connections(); open && *open == 0) return tell_to_end();
  next_idle_look_ = roles_.clock.now() + idle_look_;
  idle_look_ = std::min(idle_look_ * 2, kLateIdleLook);
}

void Supervisor::end_hold() {
  const auto turn = roles_.lock_gate.take();
  if (!turn) {
    hold_ends_ = roles_.clock.now() + kTurnAgain;
    return;
  }
  const DrainOrder order = hold_->drain;
  const size_t connections = roles_.network.connections().value_or(0);
  (void)drain(order);
  if (phase_ == Phase::Ended) return;
  roles_.output.note(draining_line(record_, roles_.clock.wall_now(), connections, order.deadline));
}

void Supervisor::look_whether_alone() {
  next_alone_look_ = roles_.clock.now() + kTurnAgain;
  const SteeringCounters counted = counters();
  if (roles_.network.occupancy(steering_) == GroupOccupancy::RotationOnly) {
    const auto turn = roles_.lock_gate.take();
    // A rollctl may have come and gone in between.
    if (turn && roles_.network.occupancy(steering_) == GroupOccupancy::RotationOnly)
      (void)roles_.network.end_steering(steering_);
  }
  // Also where another shim has ended it.
  if (steering_.empty()) steered_before_ = counted;
}

void Supervisor::cut() {
  const bool was_killed = connections_cut_.has_value();
  if (!was_killed) connections_cut_ = roles_.network.connections().value_or(0);
  if (was_killed && has_none_left()) return last_process_gone();
  roles_.process.send_signal_to_all(SIGKILL);
  cut_at_ = roles_.clock.now() + kKillAgain;
}

void Supervisor::end_drain() {
  phase_ = Phase::Ended;
  record_.state = InstanceState::Stopped;
  record_.server = {};
  const auto after = std::chrono::duration_cast<Millis>(roles_.clock.now() - drained_from_);
  const std::string line =
      drained_line(record_, roles_.clock.wall_now(), after, connections_cut_.value_or(0), record_.exit);
  roles_.output.finish({ShimEvent::Kind::Exited, record_, record_.exit, {}, connections_cut_}, line);
}

// Time.

void Supervisor::tick() {
  const TimePoint now = roles_.clock.now();
  if (status_due_ && *status_due_ <= now) publish_status();
  if (phase_ == Phase::Running && record_.state == InstanceState::Restarting && next_look_ <= now)
    look_whether_ready();
  if (phase_ == Phase::Sweeping && next_sweep_ <= now) sweep();
  if (is_awaiting_idle() && next_idle_look_ <= now) look_whether_idle();
  if (phase_ == Phase::Draining && cut_at_ <= now) cut();
  if (hold_ && hold_ends_ <= now) end_hold();
  if (is_to_end_steering() && next_alone_look_ <= now) look_whether_alone();
  if (phase_ == Phase::Launching && launch_due_ <= now) give_launch_up();
  if (phase_ == Phase::Waiting && restart_at_ <= now) restart();
}

bool Supervisor::is_awaiting_idle() const {
  return phase_ == Phase::Draining && !told_to_end_ && record_.server.pid != 0;
}

bool Supervisor::is_to_end_steering() const {
  return phase_ == Phase::Running && held_until_ == SteeringTerm::Until::Alone && !steering_.empty();
}

std::optional<TimePoint> Supervisor::next_due() const {
  std::optional<TimePoint> due = status_due_;
  const auto also = [&due](TimePoint time) { due = due ? std::min(*due, time) : time; };
  if (phase_ == Phase::Running && record_.state == InstanceState::Restarting) also(next_look_);
  if (phase_ == Phase::Sweeping) also(next_sweep_);
  if (phase_ == Phase::Draining) also(cut_at_);
  if (is_awaiting_idle()) also(next_idle_look_);
  if (hold_) also(hold_ends_);
  if (is_to_end_steering()) also(next_alone_look_);
  if (phase_ == Phase::Launching) also(launch_due_);
  if (phase_ == Phase::Waiting) also(restart_at_);
  return due;
}

void Supervisor::publish(ShimEvent::Kind kind, std::optional<ExitStatus> exit, std::string message) {
  roles_.output.publish({kind, record_, exit, std::move(message), {}});
}

// A full disk must not keep a server from being supervised: clients get the same record over the socket.
void Supervisor::save() {
  (void)roles_.output.save(record_);
}

}  // namespace rollctl
