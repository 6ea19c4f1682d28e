// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "process/instance_record.h"
#include "process/launch_spec.h"
#include "supervise/notify_message.h"
#include "supervise/roles.h"

namespace rollctl {

// The policy of a shim: what becomes of one server, whoever looks on. A state machine that is told what
// happened, acts through its roles, and never waits: whoever drives it calls tick() at next_due().
//
//   phase       processes              ends with                                   then
//   ─────────   ────────────────────   ─────────────────────────────────────────   ──────────────────────────
//   Staged      none                   hold()                                      Held
//   Held        a child that waits,    start()                                     Launching
//               or none (it failed)    start(), it has failed                      Ended (LaunchFailed)
//   Launching   a child before exec    executed()                                  Running
//                                      execution_failed(), kExecPatience is over:  as below
//                                        the first time                            Ended (LaunchFailed)
//                                        at a restart                              Sweeping, Waiting, or Idle
//                                      drain()                                     Draining
//   Running     the server             server_exited() unasked                     Sweeping
//                                      drain()                                     Draining
//   Sweeping    what a server left     last_process_gone(); SIGTERM at first,      Waiting, or Idle (failed)
//               behind                 SIGKILL after kSweepPatience
//   Waiting     none                   the back-off is over                        Launching
//                                      drain()                                     Ended
//   Idle        none, state failed     drain()                                     Ended
//   Draining    the server, or less    last_process_gone(); SIGKILL to all at      Ended (Stopped)
//                                      the deadline
//   Ended       none                   the shim exits
//
// A drain that comes while Sweeping has no phase to wait for: it turns into Draining at once. One that comes
// while Launching kills the child, which has served nobody yet. In Staged and Held it is refused: nothing was
// launched, and whoever launches calls it off.
enum class Phase { Staged, Held, Launching, Running, Sweeping, Waiting, Idle, Draining, Ended };

class Supervisor {
 public:
  // A child has this long to execute the server. It takes a millisecond, unless a file system far away keeps
  // it, or it is stopped: its user may do that as soon as it has changed to him.
  static constexpr Millis kExecPatience{10'000};
  // What a dead server left behind gets SIGTERM, and SIGKILL this much later.
  static constexpr Millis kSweepPatience{2000};
  // SIGKILL is sent again this often until all are gone: one may have forked meanwhile.
  static constexpr Millis kKillAgain{100};
  // A restarted server is looked at this often, after a second less often.
  static constexpr Millis kReadyLook{5};
  static constexpr Millis kLateReadyLook{50};
  // Status texts are passed on at most this often.
  static constexpr Millis kStatusInterval{100};
  // With order Idle: how often the connections of a server that drains are counted, first and at last.
  static constexpr Millis kIdleLook{10};
  static constexpr Millis kLateIdleLook{250};
  // When a rollctl is at work, or others are left outside the rotation: again after that long.
  static constexpr Millis kTurnAgain{250};
  // A server that was ready for this long starts anew with the shortest back-off.
  static constexpr Millis kStable{10'000};

  // Clients wait this long in the inherited sockets of a server that is being restarted, at its first restart
  // only; else the sockets are closed, and the kernel sends the clients to the other instances.
  static constexpr Millis kClientsWait{1000};
  // Sockets that it inherits listen whatever a restarted server does: it counts as ready after this long, or
  // once it has said so.
  static constexpr Millis kTrusted{1000};

  struct Roles {
    const Clock& clock;
    ServerProcess& process;
    ServerNetwork& network;
    SupervisorOutput& output;
    AppLockGate& lock_gate;
  };

  Supervisor(const Roles& roles, LaunchSpec spec, ProcessId shim);

  // Makes the server's process, which executes nothing before start(), and its record. What has failed by
  // then
  // (`prepared`, or this) is told by start().
  void hold(const Status& prepared);

  // Lets the server run that is held; a failure is told to the output, as a later one would be.
  void start();

  // What became of the child that ServerProcess::start() made.
  void executed();
  void execution_failed(const std::string& message);
  // The server itself has exited; its children may live.
  void server_exited(const ExitStatus& exit);
  // No process of the instance is left.
  void last_process_gone();
  void notified(const NotifyMessage& message);
  void tick();

  // What clients ask for; see ShimClient.
  Status set_role(const RoleOrder& role);
  void open_gate();
  void hold_steering(std::vector<SteeringHandle> handles, SteeringTerm term);
  [[nodiscard]] const std::vector<SteeringHandle>& steering() const { return steering_; }
  [[nodiscard]] SteeringCounters counters() const;
  Status drain(const DrainOrder& order);

  // When tick() has something to do; nothing while there is only waiting for others.
  [[nodiscard]] std::optional<TimePoint> next_due() const;

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] const InstanceRecord& record() const { return record_; }

 private:
  Status make_child();
  void proceed();
  void restart();
  void launch_failed(const std::string& message);
  void give_launch_up();
  void begin_draining();
  void extend_drain(TimePoint until);
  void tell_to_end();
  void look_whether_idle();
  void end_hold();
  void look_whether_alone();
  void let_go_of_steering();
  void cut();
  [[nodiscard]] Phase phase_after_sweeping() const;
  void sweep();
  void look_whether_ready();
  void became_ready();
  void publish_status();
  void status_told(TimePoint now);
  void end_drain();
  [[nodiscard]] bool is_awaiting_idle() const;
  [[nodiscard]] bool is_to_end_steering() const;
  [[nodiscard]] bool is_restarted_on(const ExitStatus& exit) const;
  void plan_restart_or_fail(std::optional<ExitStatus> exit);
  [[nodiscard]] bool has_none_left() const;
  std::string what_was_left(const ExitStatus& exit) const;
  void publish(ShimEvent::Kind kind, std::optional<ExitStatus> exit = {}, std::string message = {});
  void save();

  Roles roles_;
  InstanceRecord record_;
  Phase phase_ = Phase::Staged;
  InstanceState role_ = InstanceState::Starting;  // what rollctl last made of it
  Status held_;                                   // how the child is that is held
  bool is_first_launch_ = true;
  TimePoint launch_due_{};
  bool was_notifying_ = false;  // an earlier server sent READY=1: so will the next
  std::vector<SteeringHandle> steering_;
  SteeringTerm::Until held_until_ = SteeringTerm::Until::Told;
  TimePoint next_alone_look_{};
  SteeringCounters steered_before_;  // by a steering that it has let go of

  std::optional<HoldOrder> hold_;
  TimePoint hold_ends_{};

  int attempts_ = 0;  // restarts without a ready in between
  int doublings_ = 0;
  std::optional<TimePoint> ready_since_;
  TimePoint started_at_{};
  TimePoint restart_at_{};
  TimePoint next_look_{};
  TimePoint next_sweep_{};

  DrainOrder order_;
  bool told_to_end_ = false;
  TimePoint next_idle_look_{};
  Millis idle_look_{kIdleLook};
  TimePoint drained_from_{};
  TimePoint cut_at_{};
  std::optional<size_t> connections_cut_;

  std::optional<TimePoint> status_due_;
  TimePoint status_sent_{};
};

}  // namespace rollctl
