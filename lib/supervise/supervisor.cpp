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

Supervisor::Supervisor(const Roles& roles, LaunchSpec spec, ProcessId shim)
    : roles_(roles), steering_(roles.network, roles.lock_gate), http_(roles.http_clients) {
  record_.id = spec.instance;
  record_.app = spec.app;
  record_.release = spec.release;
  record_.generation = spec.generation;
  record_.shim = std::move(shim);
  record_.tells_all = true;
  record_.asks_http = true;
  record_.spec = std::move(spec);
}

// Launching.

void Supervisor::start(const Status& prepared) {
  if (!prepared) return launch_failed(prepared.error().message);
  launch();
}

void Supervisor::launch() {
  if (const Status made = make_child(); !made) return launch_failed(made.error().message);
  phase_ = Phase::Launching;
  step_due_ = roles_.clock.now() + kExecPatience;
  roles_.process.proceed();
}

Status Supervisor::make_child() {
  record_.notified_ready = false;
  record_.ready_after.reset();
  record_.status.clear();
  starts_.last = roles_.clock.now();
  record_.started = roles_.clock.wall_now();
  const auto child = roles_.process.start();
  if (!child) return fail(child.error());
  record_.server = *child;
  // A first server that no record names could not be found again. A restarted one has the older record.
  Status saved = roles_.output.save(record_);
  if (saved || starts_.any_executed) return {};
  (void)roles_.process.call_off();
  return saved;
}

void Supervisor::executed() {
  phase_ = Phase::Running;
  step_due_ = roles_.clock.now();
  if (!std::exchange(starts_.any_executed, true)) return publish(ShimEvent::Kind::Launched);
  ++record_.restarts;
  save();
  // Clients first: the journal's line takes as long as the disk.
  publish(ShimEvent::Kind::Restarted);
  roles_.output.note(restarted_line(record_, roles_.clock.wall_now()));
}

void Supervisor::execution_failed(const std::string& message) {
  // In any other phase make_child() calls the child off, and reports why.
  if (phase_ == Phase::Launching) launch_failed(message);
}

void Supervisor::give_launch_up() {
  const auto why = roles_.process.call_off();
  if (why) launch_failed(*why + ", and was killed after " + format_duration(kExecPatience));
}

void Supervisor::launch_failed(const std::string& message) {
  record_.server = {};
  if (!starts_.any_executed) {
    phase_ = Phase::Ended;
    record_.state = InstanceState::Failed;
    roles_.output.finish({ShimEvent::Kind::LaunchFailed, record_, {}, message, {}, 0}, {});
    return;
  }
  record_.reason = message;
  plan_restart_or_fail({});
  if (has_none_left()) {
    phase_ = phase_after_sweeping();
  } else {
    phase_ = Phase::Sweeping;
    step_due_ = roles_.clock.now() + kKillAgain;
  }
  save();
  publish(ShimEvent::Kind::Exited, record_.exit, message);
}

// Exits.

void Supervisor::server_exited(const ExitStatus& exit) {
  if (phase_ == Phase::Ended) return;
  record_.server = {};
  record_.exit = exit;
  // A drain asked for this exit. Children of the server have until the deadline.
  if (phase_ == Phase::Draining) {
    http_.end();
    if (!has_none_left()) publish_status();
    return;
  }
  const std::string message = describe_exit(exit);
  record_.reason = message;
  plan_restart_or_fail(exit);
  phase_ = Phase::Sweeping;
  report_.cancel();
  save();
  publish(ShimEvent::Kind::Exited, exit, message);
  roles_.output.note(exited_line(record_, roles_.clock.wall_now(), exit));
  roles_.process.send_signal_to_all(SIGTERM);
  step_due_ = roles_.clock.now() + kSweepPatience;
}

// False where the processes cannot be listed.
bool Supervisor::has_none_left() const {
  const auto living = roles_.process.living();
  return living && living->empty();
}

std::string Supervisor::describe_exit(const ExitStatus& exit) const {
  const auto left = roles_.process.living().value_or(std::vector<pid_t>());
  std::string text = "the server " + exit.text();
  if (left.empty()) return text;
  const std::string one = " but left process " + std::to_string(left.front()) + " running";
  if (exit.success() && role_ == InstanceState::Starting)
    return text + one + ": it must stay in the foreground";
  if (exit.success())
    return text + one +
           ", which was ended: to replace itself a server must send MAINPID=; use `rollctl restart " +
           record_.app + "` instead";
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

// No exit status: the exec of a restart failed.
void Supervisor::plan_restart_or_fail(std::optional<ExitStatus> exit) {
  const bool is_wanted = may_be_restarted(role_) && (!exit || is_restarted_on(*exit));
  const auto delay = is_wanted ? backoff_.plan(record_.spec, roles_.clock.now()) : std::nullopt;
  if (!delay || backoff_.attempts() > 1 || *delay > kClientsWait) roles_.process.close_sockets();
  record_.state = delay ? InstanceState::Restarting : InstanceState::Failed;
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

// Asks again, because a tracer may keep a process that has exited from being reaped.
void Supervisor::sweep() {
  if (has_none_left()) return last_process_gone();
  roles_.process.send_signal_to_all(SIGKILL);
  step_due_ = roles_.clock.now() + kKillAgain;
}

// Readiness and status.

void Supervisor::notified(const NotifyMessage& message) {
  if (phase_ != Phase::Running && phase_ != Phase::Draining) return;
  const TimePoint now = roles_.clock.now();
  if (message.extend_timeout && phase_ == Phase::Draining) extend_drain(now + *message.extend_timeout);
  if (message.status && *message.status != record_.status) {
    record_.status = *message.status;
    report_.request(now);
  }
  if (message.ready && !record_.notified_ready) {
    record_.notified_ready = true;
    starts_.any_notified = true;
    // A deploy waits for this event; the record can be late.
    publish(ShimEvent::Kind::NotifiedReady);
    report_.told(now);
    save();
    if (record_.state == InstanceState::Restarting) look_whether_ready();
  }
  if (report_.due() && *report_.due() <= now) publish_status();
}

void Supervisor::main_changed(const ProcessId& main) {
  if ((phase_ != Phase::Running && phase_ != Phase::Draining) || main == record_.server) return;
  record_.server = main;
  record_.started = roles_.clock.wall_now();
  publish_status();
}

void Supervisor::extend_drain(TimePoint until) {
  if (!drain_.extend(until)) return;
  record_.drain_deadline = until;
  report_.request(roles_.clock.now());
}

void Supervisor::publish_status() {
  report_.told(roles_.clock.now());
  save();
  publish(ShimEvent::Kind::StatusText);
}

void Supervisor::look_whether_ready() {
  const TimePoint now = roles_.clock.now();
  const auto age = now - starts_.last;
  step_due_ = now + (age < std::chrono::seconds(1) ? kReadyLook : kLateReadyLook);
  if (starts_.any_notified && !record_.notified_ready) return;
  const bool is_inheriting = record_.spec.sockets == LaunchSpec::Sockets::Inherited;
  if (is_inheriting && !starts_.any_notified && age < kTrusted) return;
  if (roles_.network.listens_on_all()) became_ready();
}

void Supervisor::became_ready() {
  // The slots lead clients to the server, so they are filled only now.
  if (!steering_.handles().empty()) {
    auto listeners = roles_.network.listeners();
    if (!listeners || steering_.refill(std::move(*listeners)) == Refill::TryAgain) return;
  }
  const TimePoint now = roles_.clock.now();
  backoff_.server_ready(now);
  record_.ready_after = std::chrono::duration_cast<Millis>(now - starts_.last);
  record_.state = role_;
  record_.reason.clear();
  save();
  publish(ShimEvent::Kind::StatusText);
}

// Orders.

Status Supervisor::set_role(const RoleOrder& role) {
  const InstanceState state = role.state;
  if (!is_role(state))
    return fail(ErrorKind::Invalid, "instance " + std::to_string(record_.id) + " cannot be told to be " +
                                        instance_state_name(state));
  if (phase_ == Phase::Draining || phase_ == Phase::Ended || record_.state == InstanceState::Failed)
    return fail(ErrorKind::Failed,
                "instance " + std::to_string(record_.id) + " is " + instance_state_name(record_.state));
  const TimePoint now = roles_.clock.now();
  if (role_ == InstanceState::Starting) {
    record_.ready_after = std::chrono::duration_cast<Millis>(now - starts_.last);
    backoff_.server_ready(now);
  }
  role_ = state;
  record_.weight = role.weight;
  if (role.generation) record_.generation = *role.generation;
  standby_.reset();
  record_.standby_until.reset();
  if (role.hold) {
    standby_ = Standby{role.hold->drain, now + role.hold->duration};
    record_.standby_until = standby_->ends;
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
  steering_.replace(std::move(handles), term, roles_.clock.now());
}

Status Supervisor::drain(const DrainOrder& order) {
  if (phase_ == Phase::Ended) return {};
  if (phase_ == Phase::Staged)
    return fail(ErrorKind::Busy, "instance " + std::to_string(record_.id) + " is not launched yet");
  if (phase_ == Phase::Launching && roles_.process.call_off()) record_.server = {};
  if (phase_ == Phase::Ended) return {};  // its exec had failed
  const TimePoint now = roles_.clock.now();
  if (phase_ == Phase::Draining) {
    if (drain_.amend(order, now)) tell_to_end();
  } else {
    drain_.begin(order, now);
    begin_draining();
  }
  if (phase_ == Phase::Ended) return {};
  record_.drain_deadline = drain_.kill_due();
  save();
  return {};
}

void Supervisor::begin_draining() {
  const Phase before = std::exchange(phase_, Phase::Draining);
  record_.state = InstanceState::Draining;
  standby_.reset();
  record_.standby_until.reset();
  if (before != Phase::Running) {
    roles_.process.close_sockets();
  } else if (drain_.order().http != HttpDrain::Keep && http_.begin(drain_.order(), roles_.clock)) {
    look_at_http();
  } else {
    if (drain_.order().http != HttpDrain::Keep) record_.http = http_.report();
    end_or_idle();
  }
  if (before == Phase::Waiting || before == Phase::Idle) end_drain();
}

void Supervisor::look_at_http() {
  const bool goes_on = http_.look(roles_.clock, drain_.half());
  if (record_.http != http_.report()) report_.request(roles_.clock.now());
  record_.http = http_.report();
  if (goes_on) return;
  http_.end();
  end_or_idle();
}

void Supervisor::end_or_idle() {
  if (drain_.order().start == DrainStart::Idle) return look_whether_idle();
  tell_to_end();
}

// The sockets first: a listener that the server closes is gone only once the shim has closed it, too.
void Supervisor::tell_to_end() {
  http_.end();
  drain_.signal_sent();
  roles_.process.close_sockets();
  if (drain_.order().scope == DrainScope::All) {
    roles_.process.send_signal_to_all(drain_.order().signal);
  } else {
    roles_.process.send_signal(drain_.order().signal);
  }
}

void Supervisor::look_whether_idle() {
  if (const auto open = roles_.network.connections(); open && *open == 0) return tell_to_end();
  drain_.plan_idle_look(roles_.clock.now());
}

void Supervisor::end_standby() {
  const auto turn = roles_.lock_gate.take();
  if (!turn) {
    standby_->ends = roles_.clock.now() + kTurnAgain;
    return;
  }
  const DrainOrder order = standby_->drain;
  const size_t connections = roles_.network.connections().value_or(0);
  (void)drain(order);
  if (phase_ == Phase::Ended) return;
  roles_.output.note(draining_line(record_, roles_.clock.wall_now(), connections, order.deadline));
}

void Supervisor::look_whether_alone() {
  steering_.end_if_alone(roles_.clock.now());
}

void Supervisor::tend_slots() {
  steering_.tend_slots(roles_.clock.now());
}

void Supervisor::kill_all() {
  const bool was_killed = drain_.connections_cut().has_value();
  http_.end();
  if (was_killed && has_none_left()) return last_process_gone();
  const size_t connections = was_killed ? 0 : roles_.network.connections().value_or(0);
  const size_t left = was_killed ? 0 : roles_.process.living().value_or(std::vector<pid_t>()).size();
  const size_t main = record_.server.pid != 0 ? 1 : 0;
  roles_.process.send_signal_to_all(SIGKILL);
  drain_.killed(connections, left - std::min(left, main), roles_.clock.now());
}

void Supervisor::end_drain() {
  http_.end();
  phase_ = Phase::Ended;
  record_.state = InstanceState::Stopped;
  record_.server = {};
  const auto after = drain_.elapsed(roles_.clock.now());
  const auto connections_cut = drain_.connections_cut();
  const size_t killed = drain_.processes_killed();
  const std::string line = drained_line(record_, roles_.clock.wall_now(), after, connections_cut.value_or(0),
                                        record_.exit, killed);
  roles_.output.finish({ShimEvent::Kind::Exited, record_, record_.exit, {}, connections_cut, killed}, line);
}

// Time.

std::array<Supervisor::Timer, Supervisor::kTimers> Supervisor::timers() const {
  const auto when = [](bool applies, TimePoint due) { return applies ? std::optional(due) : std::nullopt; };
  const bool is_running = phase_ == Phase::Running;
  const bool is_draining = phase_ == Phase::Draining;
  const bool is_restarting = record_.state == InstanceState::Restarting;
  const bool awaits_idle =
      is_draining && !drain_.is_signalled() && record_.server.pid != 0 && !http_.is_active();
  return {{
      {report_.due(), &Supervisor::publish_status},
      {when(is_running && is_restarting, step_due_), &Supervisor::look_whether_ready},
      {when(phase_ == Phase::Sweeping, step_due_), &Supervisor::sweep},
      {http_.due(), &Supervisor::look_at_http},
      {when(awaits_idle, drain_.idle_look_due()), &Supervisor::look_whether_idle},
      {when(is_draining, drain_.kill_due()), &Supervisor::kill_all},
      {when(standby_.has_value(), standby_ ? standby_->ends : TimePoint()), &Supervisor::end_standby},
      // The listeners of a restarted server wait until it is ready.
      {is_running && !is_restarting ? steering_.slots_due() : std::nullopt, &Supervisor::tend_slots},
      {is_running ? steering_.look_due() : std::nullopt, &Supervisor::look_whether_alone},
      {when(phase_ == Phase::Launching, step_due_), &Supervisor::give_launch_up},
      {when(phase_ == Phase::Waiting, backoff_.due()), &Supervisor::launch},
  }};
}

// Reads the table anew for each row: an action may change what is due.
void Supervisor::tick() {
  const TimePoint now = roles_.clock.now();
  for (size_t row = 0; row < kTimers; ++row) {
    const Timer timer = timers()[row];
    if (timer.due && *timer.due <= now) (this->*timer.act)();
  }
}

std::optional<TimePoint> Supervisor::next_due() const {
  std::optional<TimePoint> next;
  for (const Timer& timer : timers()) {
    if (timer.due && (!next || *timer.due < *next)) next = timer.due;
  }
  return next;
}

void Supervisor::publish(ShimEvent::Kind kind, std::optional<ExitStatus> exit, std::string message) {
  roles_.output.publish({kind, record_, exit, std::move(message), {}, 0});
}

// A failure is ignored: on a full disk the server stays supervised, and clients get the record by socket.
void Supervisor::save() {
  (void)roles_.output.save(record_);
}

}  // namespace rollctl
