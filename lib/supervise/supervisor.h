// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "process/instance_record.h"
#include "process/launch_spec.h"
#include "supervise/drain_deadline.h"
#include "supervise/held_steering.h"
#include "supervise/http_leave.h"
#include "supervise/notify_message.h"
#include "supervise/report_interval.h"
#include "supervise/restart_backoff.h"
#include "supervise/roles.h"

namespace rollctl {

// The policy of a shim: it launches one server, restarts it, drains it. A state machine that is told what
// happened, acts through its roles, and never waits; its caller calls tick() at next_due().
//
//   phase       processes              ends with                                   then
//   ─────────   ────────────────────   ─────────────────────────────────────────   ──────────────────────────
//   Staged      none                   start()                                     Launching
//                                      start(), it failed                          Ended (LaunchFailed)
//   Launching   a child before exec    executed()                                  Running
//                                      execution_failed(), kExecPatience is over:  as below
//                                        the first time                            Ended (LaunchFailed)
//                                        at a restart                              Sweeping, Waiting, or Idle
//                                      drain()                                     Draining
//   Running     the server             server_exited() unasked                     Sweeping
//                                      drain()                                     Draining
//   Sweeping    children of a server   last_process_gone(); SIGTERM at first,      Waiting, or Idle (failed)
//               that exited            SIGKILL after kSweepPatience
//                                      drain()                                     Draining
//   Waiting     none                   the back-off is over                        Launching
//                                      drain()                                     Ended
//   Idle        none, state failed     drain()                                     Ended
//   Draining    the server, or its     last_process_gone(); SIGKILL to all at      Ended (Stopped)
//               children               the deadline
//   Ended       none                   the shim exits
//
// A drain while Launching kills the child, which has served no client yet. A drain while Staged is refused:
// rollctl ends such a shim by closing its connection.
enum class Phase { Staged, Launching, Running, Sweeping, Waiting, Idle, Draining, Ended };

// More than twelve methods, because each is one event from the roles or one order from a client.
class Supervisor {
 public:
  // A child that has not executed the server by then is killed. An exec takes a millisecond, unless a remote
  // file system delays it, or the user of the server stops the child after it has changed to that user.
  static constexpr Millis kExecPatience{10'000};
  // The children of a server that exited get SIGTERM, and SIGKILL this much later.
  static constexpr Millis kSweepPatience{2000};
  // SIGKILL is repeated at this interval, because a process may have forked since the last one.
  static constexpr Millis kKillAgain = DrainDeadline::kKillAgain;
  // Interval of the readiness checks of a restarted server: in its first second, and later.
  static constexpr Millis kReadyLook{5};
  static constexpr Millis kLateReadyLook{50};
  // A standby whose time is over is drained once no rollctl is at work; tried again at this interval.
  static constexpr Millis kTurnAgain{250};

  // The longest back-off during which clients wait in the inherited sockets, at the first restart in a row
  // only. Else the sockets are closed, and the kernel sends the clients to the other instances.
  static constexpr Millis kClientsWait{1000};
  // A restarted server that inherits its sockets counts as ready after this long, or at READY=1: its sockets
  // listen whether or not it accepts.
  static constexpr Millis kTrusted{1000};

  struct Roles {
    const Clock& clock;
    ServerProcess& process;
    ServerNetwork& network;
    SupervisorOutput& output;
    AppLockGate& lock_gate;
    HttpClients& http_clients;
  };

  Supervisor(const Roles& roles, LaunchSpec spec, ProcessId shim);

  // Starts the server. A failure, of `prepared` (the caller's set-up) or of the start, is reported as
  // LaunchFailed.
  void start(const Status& prepared);

  // The fate of the child that ServerProcess::start() made.
  void executed();
  void execution_failed(const std::string& message);
  // The server itself has exited; its children may live.
  void server_exited(const ExitStatus& exit);
  // No process of the instance is left.
  void last_process_gone();
  void notified(const NotifyMessage& message);
  // Another process of the instance is the main process from now on: the server replaces itself.
  void main_changed(const ProcessId& main);
  void tick();

  // Orders of clients; see ShimClient.
  Status set_role(const RoleOrder& role);
  void open_gate();
  void hold_steering(std::vector<SteeringHandle> handles, SteeringTerm term);
  Status drain(const DrainOrder& order);

  // When tick() has something to do; nothing where only an event or an order can change anything.
  [[nodiscard]] std::optional<TimePoint> next_due() const;

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] const InstanceRecord& record() const { return record_; }
  [[nodiscard]] const HeldSteering& steering() const { return steering_; }

 private:
  // One row of the table that both tick() and next_due() read.
  struct Timer {
    std::optional<TimePoint> due;
    void (Supervisor::*act)();
  };
  static constexpr size_t kTimers = 11;
  [[nodiscard]] std::array<Timer, kTimers> timers() const;

  void launch();
  Status make_child();
  void launch_failed(const std::string& message);
  void give_launch_up();
  void begin_draining();
  void look_at_http();
  void end_or_idle();
  void extend_drain(TimePoint until);
  void tell_to_end();
  void look_whether_idle();
  void end_standby();
  void look_whether_alone();
  void tend_slots();
  void kill_all();
  [[nodiscard]] Phase phase_after_sweeping() const;
  void sweep();
  void look_whether_ready();
  void became_ready();
  void publish_status();
  void end_drain();
  [[nodiscard]] bool is_restarted_on(const ExitStatus& exit) const;
  void plan_restart_or_fail(std::optional<ExitStatus> exit);
  [[nodiscard]] bool has_none_left() const;
  std::string describe_exit(const ExitStatus& exit) const;
  void publish(ShimEvent::Kind kind, std::optional<ExitStatus> exit = {}, std::string message = {});
  void save();

  // The server processes started so far.
  struct Starts {
    TimePoint last{};
    bool any_executed = false;
    bool any_notified = false;  // one sent READY=1: so will the next
  };
  struct Standby {
    DrainOrder drain;
    TimePoint ends{};
  };

  Roles roles_;
  InstanceRecord record_;
  Phase phase_ = Phase::Staged;
  TimePoint step_due_{};  // the next step of Launching, Sweeping, or Running while not ready again
  InstanceState role_ = InstanceState::Starting;  // as set by rollctl; the record's state may be Restarting
  Starts starts_;
  RestartBackoff backoff_;
  HeldSteering steering_;
  std::optional<Standby> standby_;
  DrainDeadline drain_;
  HttpLeave http_;
  ReportInterval report_;
};

}  // namespace rollctl
