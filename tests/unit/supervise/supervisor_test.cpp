// SPDX-License-Identifier: MIT
#include "supervise/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "fake_roles.h"

namespace rollctl::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = ShimEvent::Kind;

ExitStatus code(int code) {
  return {code, {}};
}

ExitStatus killed_by(int signal) {
  return {{}, signal};
}

class SupervisorTest : public testing::Test {
 protected:
  void make(LaunchSpec spec = {}) {
    spec.app = "web";
    spec.release = "v1";
    spec.generation = 7;
    spec.instance = 12;
    shim_.emplace(Supervisor::Roles{clock_, server_, network_, audience_, turns_, http_clients_},
                  std::move(spec), ProcessId{50, 1, "boot"});
    server_.shim = &*shim_;
  }

  // A running server with this role.
  void make_running(InstanceState role = InstanceState::Serving, LaunchSpec spec = {}) {
    make(std::move(spec));
    launch();
    if (role == InstanceState::Starting) return;
    ASSERT_TRUE(shim_->set_role({role, 100}));
  }

  void launch() { shim_->start({}); }

  // The server has died, and the restarted one is stopped before its exec.
  void make_stopped_at_its_restart() {
    make_running();
    die(code(1));
    server_.is_stopped = true;
    pass(Millis(100));
    ASSERT_EQ(shim_->phase(), Phase::Launching);
  }

  // The server exits and leaves no children.
  void die(const ExitStatus& exit) {
    shim_->server_exited(exit);
    shim_->last_process_gone();
  }

  // Calls tick() at each due time, as the loop would.
  void pass(Micros duration) {
    const TimePoint end = clock_.now() + duration;
    for (auto due = shim_->next_due(); due && *due <= end; due = shim_->next_due()) {
      clock_.push(std::chrono::duration_cast<Micros>(std::max(*due - clock_.now(), TimePoint::duration(0))));
      shim_->tick();
    }
    clock_.push(std::chrono::duration_cast<Micros>(end - clock_.now()));
  }

  std::vector<Kind> kinds() {
    std::vector<Kind> kinds;
    for (const auto& event : audience_.events) kinds.push_back(event.kind);
    return kinds;
  }

  InstanceState state() { return shim_->record().state; }
  const ShimEvent& last() { return audience_.events.back(); }

  PushedClock clock_;
  FakeServer server_;
  FakeNetwork network_;
  RecordingOutput audience_;
  FakeAppLockGate turns_;
  FakeHttpClients http_clients_;
  std::optional<Supervisor> shim_;
};

// Other processes than the main one.

TEST_F(SupervisorTest, TellsEveryProcessToEndWhereTheScopeIsAll) {
  make_running();
  ASSERT_TRUE(shim_->drain({SIGQUIT, Millis(60'000), DrainStart::Signal, DrainScope::All}));
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGQUIT));
  EXPECT_THAT(server_.signals, IsEmpty());
}

TEST_F(SupervisorTest, TellsThatTheMainProcessHasEndedAndOthersDrain) {
  make_running();
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(60'000)}));
  server_.left = {201};
  shim_->server_exited(killed_by(SIGTERM));
  EXPECT_EQ(last().kind, Kind::StatusText);
  EXPECT_EQ(last().record.server.pid, 0);
  EXPECT_EQ(last().record.exit, killed_by(SIGTERM));
}

TEST_F(SupervisorTest, CountsWhatItKillsBesidesTheMainProcess) {
  for (const bool main_lives : {true, false}) {
    audience_ = {};
    make_running();
    ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
    server_.left = {100, 201, 202};
    if (!main_lives) server_.left = {201, 202};
    if (!main_lives) shim_->server_exited(code(0));
    pass(Millis(1000));
    shim_->last_process_gone();
    EXPECT_EQ(last().processes_killed, 2U);
    EXPECT_THAT(audience_.last_line, HasSubstr("\"processes_killed\":2"));
  }
}

TEST_F(SupervisorTest, FollowsTheServerToItsNewMainProcess) {
  make_running();
  shim_->main_changed({300, 3, "boot"});
  EXPECT_EQ(audience_.saved.back().server.pid, 300);
  EXPECT_EQ(last().kind, Kind::StatusText);
  EXPECT_EQ(last().record.server.pid, 300);
  EXPECT_EQ(state(), InstanceState::Serving);
}

TEST_F(SupervisorTest, KeepsTheReasonOfADeathUntilTheServerIsReadyAgain) {
  make_running();
  die(killed_by(SIGSEGV));
  EXPECT_EQ(shim_->record().reason, "the server was killed by SIGSEGV");
  network_.listening = true;
  pass(Millis(1000));
  ASSERT_EQ(state(), InstanceState::Serving);
  EXPECT_EQ(shim_->record().reason, "");
}

TEST_F(SupervisorTest, TellsAServerThatReplacedItselfWhatToDo) {
  make_running();
  server_.left = {201};
  shim_->server_exited(code(0));
  EXPECT_EQ(
      last().message,
      "the server exited with 0 but left process 201 running, which was ended: to replace itself a server "
      "must send MAINPID=; use `rollctl restart web` instead");
}

// Launching.

TEST_F(SupervisorTest, SavesTheRecordBeforeTheServerMayRun) {
  make();
  audience_.save_fails = true;
  server_.is_stopped = true;
  launch();
  EXPECT_EQ(server_.executions, 0);
  EXPECT_EQ(server_.call_offs, 1);
  EXPECT_THAT(kinds(), ElementsAre(Kind::LaunchFailed));
  EXPECT_THAT(last().message, HasSubstr("No space left on device"));
  EXPECT_EQ(audience_.finishes, 1);
}

TEST_F(SupervisorTest, TellsThatTheServerRuns) {
  make();
  launch();
  EXPECT_EQ(server_.executions, 1);
  EXPECT_EQ(audience_.saved.back().server.pid, 100);
  EXPECT_THAT(kinds(), ElementsAre(Kind::Launched));
  EXPECT_EQ(state(), InstanceState::Starting);
}

TEST_F(SupervisorTest, EndsWhenTheFirstExecFails) {
  make();
  server_.exec_fails = true;
  launch();
  EXPECT_THAT(kinds(), ElementsAre(Kind::LaunchFailed));
  EXPECT_EQ(last().message, "cannot start \"./web\": No such file or directory");
  EXPECT_EQ(audience_.finishes, 1);
  EXPECT_EQ(audience_.last_line, "");
  EXPECT_EQ(shim_->phase(), Phase::Ended);
}

TEST_F(SupervisorTest, MakesNoServerWhereThePreparationsHaveFailed) {
  make();
  shim_->start(fail(ErrorKind::Failed, "cannot listen on notify.sock"));
  EXPECT_EQ(server_.starts, 0);
  EXPECT_THAT(kinds(), ElementsAre(Kind::LaunchFailed));
  EXPECT_EQ(last().message, "cannot listen on notify.sock");
}

// Stopped before the exec, by the server's user.

TEST_F(SupervisorTest, AFirstServerThatIsStoppedIsAFailedLaunch) {
  make();
  server_.is_stopped = true;
  launch();
  EXPECT_THAT(kinds(), IsEmpty());
  pass(Supervisor::kExecPatience - Millis(1));
  EXPECT_THAT(kinds(), IsEmpty());
  pass(Millis(1));
  EXPECT_THAT(kinds(), ElementsAre(Kind::LaunchFailed));
  EXPECT_EQ(last().message,
            "cannot start \"./web\": its process was stopped before the exec, and was killed after 10s");
  EXPECT_EQ(server_.call_offs, 1);
  EXPECT_EQ(shim_->phase(), Phase::Ended);
}

TEST_F(SupervisorTest, ARestartThatIsStoppedCountsAsOne) {
  make_stopped_at_its_restart();
  EXPECT_TRUE(shim_->set_role({InstanceState::Serving, 50})) << "it goes on answering";
  pass(Supervisor::kExecPatience);
  EXPECT_EQ(last().kind, Kind::Exited);
  EXPECT_THAT(last().message, HasSubstr("was stopped before the exec"));
  EXPECT_EQ(state(), InstanceState::Restarting);
  EXPECT_EQ(shim_->record().server.pid, 0);
  server_.is_stopped = false;
  pass(Millis(200));
  EXPECT_EQ(last().kind, Kind::Restarted);
  EXPECT_EQ(server_.starts, 3);
}

TEST_F(SupervisorTest, AServerThatGoesOnInTimeIsAsGoodAsAnother) {
  make_stopped_at_its_restart();
  pass(Supervisor::kExecPatience - Millis(1));
  server_.is_stopped = false;
  server_.proceed();
  EXPECT_EQ(last().kind, Kind::Restarted);
  EXPECT_EQ(server_.call_offs, 0);
  EXPECT_EQ(shim_->phase(), Phase::Running);
}

TEST_F(SupervisorTest, GivesUpOnAServerThatIsStoppedAtEachRestart) {
  make_stopped_at_its_restart();
  pass(std::chrono::minutes(5));
  EXPECT_EQ(state(), InstanceState::Failed);
  EXPECT_EQ(server_.starts, 1 + LaunchSpec().give_up);
}

TEST_F(SupervisorTest, StartsNothingAnewBesideAChildThatCannotBeKilled) {
  make_stopped_at_its_restart();
  server_.left = {101};
  pass(Supervisor::kExecPatience);
  EXPECT_EQ(shim_->phase(), Phase::Sweeping);
  pass(std::chrono::seconds(1));
  EXPECT_EQ(server_.starts, 2);
  EXPECT_THAT(server_.signals_to_all, Contains(SIGKILL));
  server_.is_stopped = false;
  shim_->last_process_gone();
  pass(Millis(0));
  EXPECT_EQ(server_.starts, 3);
}

TEST_F(SupervisorTest, ADrainEndsAChildThatHasNotExecutedItsServer) {
  make_stopped_at_its_restart();
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  EXPECT_EQ(server_.call_offs, 1);
  EXPECT_EQ(state(), InstanceState::Draining);
  EXPECT_THAT(server_.signals, IsEmpty());
  shim_->last_process_gone();
  EXPECT_EQ(state(), InstanceState::Stopped);
  EXPECT_EQ(audience_.finishes, 1);
}

TEST_F(SupervisorTest, ADrainFindsAServerThatHasExecutedMeanwhile) {
  make_stopped_at_its_restart();
  server_.is_stopped = false;
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM)) << "it may finish what it has begun";
  EXPECT_EQ(state(), InstanceState::Draining);
}

// Staged.

TEST_F(SupervisorTest, HasNothingToDrainBeforeItIsLaunched) {
  make();
  EXPECT_FALSE(shim_->next_due());
  EXPECT_FALSE(shim_->drain({SIGTERM, Millis(1000)}));
  EXPECT_EQ(server_.starts, 0);
  EXPECT_THAT(kinds(), IsEmpty());
  EXPECT_EQ(shim_->phase(), Phase::Staged);
}

TEST_F(SupervisorTest, WaitsForNothingWhileTheServerServes) {
  make_running();
  EXPECT_FALSE(shim_->next_due());
}

// Exits and restarts.

TEST_F(SupervisorTest, DoesNotRestartAServerThatRollctlNeverSawReady) {
  make_running(InstanceState::Starting);
  die(code(1));
  EXPECT_EQ(state(), InstanceState::Failed);
  EXPECT_EQ(last().kind, Kind::Exited);
  EXPECT_EQ(last().exit->code, 1);
  EXPECT_FALSE(shim_->next_due());
  EXPECT_EQ(shim_->phase(), Phase::Idle);
}

class RoleTest : public SupervisorTest, public testing::WithParamInterface<InstanceState> {};
INSTANTIATE_TEST_SUITE_P(Roles, RoleTest,
                         testing::Values(InstanceState::Canary, InstanceState::Standby,
                                         InstanceState::Settling));

TEST_P(RoleTest, IsNotRestartedOutsideTheRotationOrAsACanary) {
  make_running(GetParam());
  die(killed_by(SIGSEGV));
  EXPECT_EQ(state(), InstanceState::Failed);
}

TEST_F(SupervisorTest, RestartsAfterTheBackOff) {
  make_running();
  die(killed_by(SIGSEGV));
  EXPECT_EQ(state(), InstanceState::Restarting);
  EXPECT_EQ(shim_->record().server.pid, 0);
  EXPECT_EQ(last().message, "the server was killed by SIGSEGV");
  EXPECT_THAT(audience_.journal,
              ElementsAre(HasSubstr(R"("event":"instance.exited","id":12,"exit":{"signal":"SIGSEGV"})")));
  pass(Millis(99));
  EXPECT_EQ(server_.starts, 1);
  pass(Millis(1));
  EXPECT_EQ(server_.starts, 2);
  EXPECT_THAT(kinds(), ElementsAre(Kind::Launched, Kind::Exited, Kind::Restarted));
  EXPECT_EQ(last().record.server.pid, 101);
  EXPECT_EQ(last().record.restarts, 1);
  EXPECT_THAT(audience_.journal.back(), HasSubstr(R"("event":"instance.restarted","id":12,"pid":101)"));
}

TEST_F(SupervisorTest, TellsOfExitsAndRestartsBeforeItWaitsForTheDisk) {
  make_running();
  die(killed_by(SIGSEGV));
  pass(Millis(100));
  ASSERT_THAT(kinds(), ElementsAre(Kind::Launched, Kind::Exited, Kind::Restarted));
  EXPECT_THAT(audience_.told_before_noted, ElementsAre(2, 3));
}

struct PolicyCase {
  RestartPolicy policy;
  ExitStatus exit;
  InstanceState after;
};

class PolicyTest : public SupervisorTest, public testing::WithParamInterface<PolicyCase> {};
INSTANTIATE_TEST_SUITE_P(
    Policies, PolicyTest,
    testing::Values(PolicyCase{RestartPolicy::Always, code(0), InstanceState::Restarting},
                    PolicyCase{RestartPolicy::Always, code(1), InstanceState::Restarting},
                    PolicyCase{RestartPolicy::OnFailure, code(0), InstanceState::Failed},
                    PolicyCase{RestartPolicy::OnFailure, code(1), InstanceState::Restarting},
                    PolicyCase{RestartPolicy::OnFailure, killed_by(SIGKILL), InstanceState::Restarting},
                    PolicyCase{RestartPolicy::Never, code(1), InstanceState::Failed}));

TEST_P(PolicyTest, DecidesWhatFollowsAnExit) {
  LaunchSpec spec;
  spec.restart = GetParam().policy;
  make_running(InstanceState::Serving, spec);
  die(GetParam().exit);
  EXPECT_EQ(state(), GetParam().after);
}

TEST_F(SupervisorTest, DoublesTheBackOffAndGivesUp) {
  LaunchSpec spec;
  spec.backoff = Millis(100);
  spec.max_backoff = Millis(350);
  spec.give_up = 4;
  make_running(InstanceState::Serving, spec);
  std::vector<int64_t> delays;
  for (;;) {
    die(code(1));
    if (state() == InstanceState::Failed) break;
    delays.push_back(std::chrono::duration_cast<Millis>(*shim_->next_due() - clock_.now()).count());
    pass(Millis(delays.back()));
  }
  EXPECT_THAT(delays, ElementsAre(100, 200, 350, 350));
  EXPECT_EQ(shim_->record().restarts, 4);
  EXPECT_EQ(last().kind, Kind::Exited);
  EXPECT_FALSE(shim_->next_due()) << "a failed instance waits for its drain, not for time";
}

TEST_F(SupervisorTest, AReadyServerHasAllItsRestartsAgain) {
  LaunchSpec spec;
  spec.give_up = 1;
  make_running(InstanceState::Serving, spec);
  network_.listening = true;
  for (int i = 0; i < 3; ++i) {
    die(code(1));
    ASSERT_EQ(state(), InstanceState::Restarting) << i;
    pass(Millis(30'000));
    pass(Millis(1));
    ASSERT_EQ(state(), InstanceState::Serving) << i;
  }
}

TEST_F(SupervisorTest, AServerThatStayedReadyForLongStartsWithTheShortestBackOff) {
  make_running();
  network_.listening = true;
  const auto delay_after_death = [&] {
    die(code(1));
    const auto delay = std::chrono::duration_cast<Millis>(*shim_->next_due() - clock_.now());
    pass(delay);
    pass(Millis(1));
    return delay;
  };
  EXPECT_EQ(delay_after_death(), Millis(100));
  EXPECT_EQ(delay_after_death(), Millis(200));
  pass(RestartBackoff::kStable);
  EXPECT_EQ(delay_after_death(), Millis(100));
}

TEST_F(SupervisorTest, ARestartWhoseExecFailsCountsAsOne) {
  LaunchSpec spec;
  spec.give_up = 2;
  make_running(InstanceState::Serving, spec);
  die(code(1));
  server_.exec_fails = true;
  pass(Millis(100));
  EXPECT_EQ(state(), InstanceState::Restarting);
  EXPECT_EQ(last().kind, Kind::Exited);
  EXPECT_EQ(last().message, "cannot start \"./web\": No such file or directory");
  EXPECT_EQ(audience_.saved.back().server.pid, 0) << "its child has gone";
  pass(Millis(200));
  EXPECT_EQ(state(), InstanceState::Failed);
  EXPECT_EQ(audience_.finishes, 0) << "a failed instance stays to be seen";
}

TEST_F(SupervisorTest, AForkThatFailsAtARestartIsTriedAgain) {
  make_running();
  die(code(1));
  server_.fork_fails = true;
  pass(Millis(100));
  EXPECT_EQ(state(), InstanceState::Restarting);
  server_.fork_fails = false;
  pass(Millis(200));
  EXPECT_EQ(server_.starts, 2);
}

// Children of a dead server.

TEST_F(SupervisorTest, EndsTheWorkersOfADeadServerBeforeItIsRestarted) {
  make_running();
  server_.left = {201, 202};
  shim_->server_exited(killed_by(SIGKILL));
  EXPECT_EQ(last().message, "the server was killed by SIGKILL and left 2 processes, ended now");
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGTERM));
  pass(Supervisor::kSweepPatience - Millis(1));
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGTERM));
  EXPECT_EQ(server_.starts, 1) << "the back-off is over, but they still hold the port";
  pass(Millis(1));
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGTERM, SIGKILL));
  pass(Supervisor::kKillAgain);
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGTERM, SIGKILL, SIGKILL));
  shim_->last_process_gone();
  pass(Millis(0));
  EXPECT_EQ(server_.starts, 2);
}

TEST_F(SupervisorTest, SaysThatAServerMustStayInTheForeground) {
  make_running(InstanceState::Starting);
  server_.left = {201};
  shim_->server_exited(code(0));
  EXPECT_EQ(state(), InstanceState::Failed);
  EXPECT_EQ(last().message,
            "the server exited with 0 but left process 201 running: it must stay in the foreground");
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGTERM));
}

// Ready again.

TEST_F(SupervisorTest, ARestartedServerServesAgainOnceItListens) {
  make_running();
  die(code(1));
  pass(Millis(100));
  pass(Millis(50));
  EXPECT_EQ(network_.looks, 11);
  EXPECT_EQ(state(), InstanceState::Restarting);
  network_.listening = true;
  pass(Millis(5));
  EXPECT_EQ(state(), InstanceState::Serving);
  EXPECT_EQ(shim_->record().ready_after, Millis(55));
  EXPECT_FALSE(shim_->next_due());
}

TEST_F(SupervisorTest, LooksLessOftenAtAServerThatTakesItsTime) {
  make_running();
  die(code(1));
  pass(Millis(100));
  pass(std::chrono::seconds(1));
  network_.looks = 0;
  pass(std::chrono::seconds(1));
  EXPECT_LE(network_.looks, 21);
}

TEST_F(SupervisorTest, AServerThatNotifiedOnceIsAwaitedToNotifyAgain) {
  make_running();
  shim_->notified({true, {}, {}});
  die(code(1));
  network_.listening = true;
  pass(Millis(100));
  pass(Millis(500));
  EXPECT_EQ(state(), InstanceState::Restarting);
  EXPECT_FALSE(shim_->record().notified_ready);
  shim_->notified({true, {}, {}});
  EXPECT_EQ(state(), InstanceState::Serving);
}

TEST_F(SupervisorTest, PutsTheListenersBackBeforeItCallsTheServerReady) {
  make_running();
  std::vector<SteeringHandle> handles(1);
  shim_->hold_steering(std::move(handles), {});
  die(code(1));
  network_.listening = true;
  network_.refill_result = Refill::TryAgain;
  pass(Millis(100));
  pass(Millis(1));
  EXPECT_EQ(state(), InstanceState::Restarting) << "a slot that is busy is tried again";
  network_.refill_result = Refill::Done;
  pass(Millis(5));
  EXPECT_EQ(state(), InstanceState::Serving);
  EXPECT_EQ(network_.refilled, 4U);
}

TEST_F(SupervisorTest, ARoleGivenWhileRestartingCountsOnceReady) {
  make_running(InstanceState::Ready);
  die(code(1));
  EXPECT_TRUE(shim_->set_role({InstanceState::Serving, 50}));
  EXPECT_EQ(state(), InstanceState::Restarting);
  network_.listening = true;
  pass(Millis(100));
  pass(Millis(1));
  EXPECT_EQ(state(), InstanceState::Serving);
  EXPECT_EQ(shim_->record().weight, 50);
}

// Notifications.

TEST_F(SupervisorTest, PassesReadyOnOnce) {
  make_running(InstanceState::Starting);
  shim_->notified({true, {}, {}});
  shim_->notified({true, {}, {}});
  EXPECT_THAT(kinds(), ElementsAre(Kind::Launched, Kind::NotifiedReady));
  EXPECT_TRUE(shim_->record().notified_ready);
}

TEST_F(SupervisorTest, PassesAStatusOnTogetherWithReady) {
  make_running(InstanceState::Starting);
  shim_->notified({true, "serving", {}});
  EXPECT_THAT(kinds(), ElementsAre(Kind::Launched, Kind::NotifiedReady));
  EXPECT_EQ(last().record.status, "serving");
  EXPECT_FALSE(shim_->next_due());
  shim_->notified({false, "busy", {}});
  EXPECT_THAT(kinds(), ElementsAre(Kind::Launched, Kind::NotifiedReady)) << "not as soon as that";
  pass(ReportInterval::kInterval);
  EXPECT_EQ(last().record.status, "busy");
}

TEST_F(SupervisorTest, PassesStatusTextsOnNowAndThen) {
  make_running();
  shim_->notified({false, "one", {}});
  EXPECT_EQ(last().record.status, "one");
  const size_t before = audience_.events.size();
  for (int i = 0; i < 1000; ++i) shim_->notified({false, std::to_string(i), {}});
  EXPECT_EQ(audience_.events.size(), before);
  pass(ReportInterval::kInterval);
  EXPECT_EQ(audience_.events.size(), before + 1);
  EXPECT_EQ(last().record.status, "999");
  EXPECT_FALSE(shim_->next_due());
}

// Draining.

TEST_F(SupervisorTest, DrainsWithTheSignalThatWasAskedFor) {
  make_running();
  ASSERT_TRUE(shim_->drain({SIGQUIT, Millis(1000)}));
  EXPECT_THAT(server_.signals, ElementsAre(SIGQUIT));
  EXPECT_EQ(state(), InstanceState::Draining);
  EXPECT_TRUE(audience_.saved.back().drain_deadline);
  pass(Millis(30));
  shim_->server_exited(code(0));
  EXPECT_EQ(audience_.finishes, 0) << "its children may still have connections";
  shim_->last_process_gone();
  EXPECT_EQ(audience_.finishes, 1);
  EXPECT_EQ(last().kind, Kind::Exited);
  EXPECT_EQ(last().record.state, InstanceState::Stopped);
  EXPECT_EQ(last().exit->code, 0);
  EXPECT_FALSE(last().connections_cut);
  EXPECT_THAT(
      audience_.last_line,
      HasSubstr(R"("event":"instance.drained","id":12,"after_ms":30,"connections_cut":0,"exit":{"code":0})"));
}

TEST_F(SupervisorTest, CutsWhatIsLeftAtTheDeadlineAndCountsItBefore) {
  make_running();
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  network_.open_connections = 3;
  server_.left = {100};
  pass(Millis(999));
  EXPECT_THAT(server_.signals_to_all, IsEmpty());
  pass(Millis(1));
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGKILL));
  network_.open_connections = 0;
  pass(Supervisor::kKillAgain);
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGKILL, SIGKILL));
  die(killed_by(SIGKILL));
  EXPECT_EQ(last().connections_cut, 3U);
  EXPECT_THAT(audience_.last_line, HasSubstr(R"("connections_cut":3,"exit":{"signal":"SIGKILL"})"));
}

TEST_F(SupervisorTest, WaitsForNoTracerOfWhatWasKilled) {
  make_running();
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  server_.left = {100};
  pass(Millis(1000));
  EXPECT_EQ(audience_.finishes, 0);
  server_.left = {};
  pass(Supervisor::kKillAgain);
  EXPECT_EQ(audience_.finishes, 1);
  EXPECT_EQ(state(), InstanceState::Stopped);
}

TEST_F(SupervisorTest, WaitsForNoTracerOfWhatADeadServerLeft) {
  make_running();
  server_.left = {201};
  shim_->server_exited(killed_by(SIGKILL));
  server_.left = {};
  pass(Supervisor::kSweepPatience);
  EXPECT_EQ(server_.starts, 2);
}

TEST_F(SupervisorTest, ASecondDrainOnlyShortensTheDeadline) {
  make_running();
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(5000)}));
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM)) << "to some servers a second one means: at once";
  EXPECT_EQ(shim_->next_due(), clock_.now() + Millis(1000));
  pass(Millis(500));
  ASSERT_TRUE(shim_->drain({SIGQUIT, Millis(100)}));
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM, SIGQUIT));
  pass(Millis(100));
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGKILL));
}

TEST_F(SupervisorTest, TheServerMayExtendTheDeadline) {
  make_running();
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  pass(Millis(900));
  shim_->notified({false, {}, Micros(500'000)});
  pass(Millis(499));
  EXPECT_THAT(server_.signals_to_all, IsEmpty());
  pass(Millis(1));
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGKILL));
}

TEST_F(SupervisorTest, TellsOfAnExtendedDeadlineAtIntervals) {
  make_running();
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  const auto first = shim_->record().drain_deadline;
  pass(Millis(500));
  const size_t told = audience_.events.size();
  for (int i = 1; i <= 50; ++i) {
    pass(Millis(1));
    shim_->notified({false, {}, Micros(2'000'000)});
  }
  EXPECT_EQ(audience_.events.size(), told + 1);
  pass(ReportInterval::kInterval);
  ASSERT_EQ(audience_.events.size(), told + 2);
  EXPECT_EQ(audience_.events.back().kind, ShimEvent::Kind::StatusText);
  EXPECT_EQ(audience_.events.back().record.drain_deadline, *first + Millis(1550));
  EXPECT_EQ(audience_.saved.back().drain_deadline, *first + Millis(1550));
}

TEST_F(SupervisorTest, ALesserExtensionChangesNothing) {
  make_running();
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  const size_t told = audience_.events.size();
  shim_->notified({false, {}, Micros(1000)});
  pass(ReportInterval::kInterval);
  EXPECT_EQ(audience_.events.size(), told);
}

TEST_F(SupervisorTest, ADrainingServerIsNotRestarted) {
  LaunchSpec spec;
  spec.restart = RestartPolicy::Always;
  make_running(InstanceState::Serving, spec);
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  die(code(1));
  EXPECT_EQ(state(), InstanceState::Stopped);
  EXPECT_THAT(audience_.journal, IsEmpty()) << "its end was asked for";
}

TEST_F(SupervisorTest, AFailedInstanceEndsAtItsDrain) {
  make_running(InstanceState::Starting);
  die(code(4));
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  EXPECT_EQ(audience_.finishes, 1);
  EXPECT_EQ(last().record.state, InstanceState::Stopped);
  EXPECT_EQ(last().exit->code, 4);
}

TEST_F(SupervisorTest, ADrainEndsTheBackOff) {
  make_running();
  die(code(1));
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  EXPECT_EQ(audience_.finishes, 1);
  EXPECT_FALSE(shim_->next_due());
}

TEST_F(SupervisorTest, ADrainGivesWhatIsLeftOfADeadServerUntilTheDeadline) {
  make_running();
  server_.left = {201};
  shim_->server_exited(killed_by(SIGKILL));
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(10'000)}));
  pass(Millis(9999));
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGTERM));
  shim_->last_process_gone();
  EXPECT_EQ(audience_.finishes, 1);
}

// Orders.

TEST_F(SupervisorTest, RemembersHowLongTheServerTookToBecomeReady) {
  make_running(InstanceState::Starting);
  pass(Millis(35));
  ASSERT_TRUE(shim_->set_role({InstanceState::Ready, 0}));
  pass(Millis(100));
  ASSERT_TRUE(shim_->set_role({InstanceState::Serving, 50}));
  EXPECT_EQ(shim_->record().ready_after, Millis(35));
  EXPECT_EQ(audience_.saved.back().state, InstanceState::Serving);
  EXPECT_EQ(audience_.saved.back().weight, 50);
}

TEST_F(SupervisorTest, RefusesRolesThatAreNotForClientsToGive) {
  make_running();
  EXPECT_EQ(shim_->set_role({InstanceState::Stopped, 0}).error().kind, ErrorKind::Invalid);
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  EXPECT_EQ(shim_->set_role({InstanceState::Serving, 100}).error().message, "instance 12 is draining");
}

TEST_F(SupervisorTest, AnOpenedGateStaysOpen) {
  LaunchSpec spec;
  spec.gate = LaunchSpec::Gate::Closed;
  make_running(InstanceState::Starting, spec);
  shim_->open_gate();
  EXPECT_TRUE(server_.gate_open);
  EXPECT_EQ(audience_.saved.back().spec.gate, LaunchSpec::Gate::Open);
}

TEST_F(SupervisorTest, AFullDiskEndsNoRunningServer) {
  make_running();
  audience_.save_fails = true;
  die(code(1));
  pass(Millis(100));
  EXPECT_EQ(server_.executions, 2);
}

// Sockets that the server inherits.

LaunchSpec inheriting(Millis backoff = Millis(100)) {
  LaunchSpec spec;
  spec.sockets = LaunchSpec::Sockets::Inherited;
  spec.backoff = backoff;
  return spec;
}

TEST_F(SupervisorTest, LetsGoOfTheSocketsBeforeTheServerIsToldToEnd) {
  make_running(InstanceState::Serving, inheriting());
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(1000)}));
  EXPECT_EQ(server_.closes, 1);
  EXPECT_EQ(server_.signals_at_close, 0U);
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM));
}

TEST_F(SupervisorTest, KeepsTheSocketsDuringTheFirstRestartOnly) {
  make_running(InstanceState::Serving, inheriting());
  die(killed_by(SIGSEGV));
  EXPECT_EQ(server_.closes, 0);
  pass(Millis(100));
  die(killed_by(SIGSEGV));
  EXPECT_EQ(state(), InstanceState::Restarting);
  EXPECT_EQ(server_.closes, 1);
}

TEST_F(SupervisorTest, LetsGoOfTheSocketsWhenTheRestartTakesLong) {
  make_running(InstanceState::Serving, inheriting(Supervisor::kClientsWait + Millis(1)));
  die(killed_by(SIGSEGV));
  EXPECT_EQ(server_.closes, 1);
}

TEST_F(SupervisorTest, LetsGoOfTheSocketsWhenThereIsNoRestart) {
  make_running(InstanceState::Serving, inheriting());
  die(code(0));
  EXPECT_EQ(state(), InstanceState::Failed);
  EXPECT_EQ(server_.closes, 1);
}

TEST_F(SupervisorTest, DoesNotTakeListeningForReadyWhereTheSocketsListenAnyway) {
  make_running(InstanceState::Serving, inheriting());
  network_.listening = true;
  die(killed_by(SIGSEGV));
  pass(Millis(100));
  pass(Supervisor::kTrusted - Millis(10));
  EXPECT_EQ(state(), InstanceState::Restarting);
  pass(Millis(100));
  EXPECT_EQ(state(), InstanceState::Serving);
}

// Standby, and idle drains.

class HoldTest : public SupervisorTest {
 protected:
  void make_standby(Millis hold) {
    make_running();
    RoleOrder role{InstanceState::Standby, 0};
    role.hold = HoldOrder{hold, {SIGQUIT, Millis(1500)}};
    ASSERT_TRUE(shim_->set_role(role));
  }
  void leave_steering(Millis look_after) {
    make_running();
    std::vector<SteeringHandle> handles(1);
    shim_->hold_steering(std::move(handles), {SteeringTerm::Until::Alone, look_after});
  }
};

TEST_F(HoldTest, AStandbyIsDrainedWhenItsHoldIsOver) {
  make_standby(Millis(10'000));
  EXPECT_TRUE(shim_->record().standby_until);
  pass(Millis(9'999));
  EXPECT_EQ(state(), InstanceState::Standby);
  EXPECT_THAT(server_.signals, IsEmpty());
  pass(Millis(1));
  EXPECT_EQ(state(), InstanceState::Draining);
  EXPECT_THAT(server_.signals, ElementsAre(SIGQUIT));
  ASSERT_EQ(audience_.journal.size(), 1U);
  EXPECT_THAT(audience_.journal[0], HasSubstr("instance.draining"));
  EXPECT_FALSE(shim_->record().standby_until);
}

TEST_F(HoldTest, NothingWakesTheShimOfAStandbyBeforeItsTime) {
  make_standby(Millis(3'600'000));
  EXPECT_EQ(*shim_->next_due(), clock_.now() + Millis(3'600'000));
}

TEST_F(HoldTest, ARollctlAtWorkIsWaitedFor) {
  make_standby(Millis(1000));
  turns_.rollctl_is_at_work = true;
  pass(Millis(5000));
  EXPECT_EQ(state(), InstanceState::Standby);
  turns_.rollctl_is_at_work = false;
  pass(Supervisor::kTurnAgain);
  EXPECT_EQ(state(), InstanceState::Draining);
}

TEST_F(HoldTest, AnotherRoleEndsTheHold) {
  make_standby(Millis(1000));
  ASSERT_TRUE(shim_->set_role({InstanceState::Serving, 50, 9}));
  EXPECT_EQ(shim_->record().generation, 9);
  EXPECT_FALSE(shim_->record().standby_until);
  pass(Millis(10'000));
  EXPECT_EQ(state(), InstanceState::Serving);
}

TEST_F(HoldTest, AStandbyThatDiedIsClearedAwayAllTheSame) {
  make_standby(Millis(1000));
  die(killed_by(SIGSEGV));
  EXPECT_EQ(state(), InstanceState::Failed);
  pass(Millis(1000));
  EXPECT_EQ(shim_->phase(), Phase::Ended);
  EXPECT_EQ(audience_.finishes, 1);
}

TEST_F(HoldTest, TheSteeringEndsOnceNobodyIsLeftOutsideTheRotation) {
  leave_steering(Millis(1000));
  pass(Millis(999));
  EXPECT_EQ(turns_.asked, 0);
  pass(Millis(2000));
  EXPECT_EQ(network_.endings, 0) << "others are left";
  network_.who_is_left = GroupOccupancy::RotationOnly;
  pass(Supervisor::kTurnAgain);
  EXPECT_EQ(network_.endings, 1);
  EXPECT_FALSE(shim_->next_due());
}

TEST_F(HoldTest, TheSteeringIsNotEndedBesideARollctl) {
  leave_steering(Millis(0));
  network_.who_is_left = GroupOccupancy::RotationOnly;
  turns_.rollctl_is_at_work = true;
  pass(Millis(1000));
  EXPECT_EQ(network_.endings, 0);
  EXPECT_GT(turns_.asked, 0);
}

TEST_F(HoldTest, AnEndingThatFailsIsTriedAgain) {
  leave_steering(Millis(0));
  network_.who_is_left = GroupOccupancy::RotationOnly;
  network_.end_fails = true;
  pass(Millis(1000));
  EXPECT_GT(network_.endings, 1);
}

TEST_F(HoldTest, WhatAnotherHasEndedIsLetGoOf) {
  leave_steering(Millis(0));
  network_.who_is_left = GroupOccupancy::SteeringEnded;
  pass(Millis(1000));
  EXPECT_THAT(shim_->steering().handles(), IsEmpty());
  EXPECT_EQ(network_.endings, 0);
  EXPECT_FALSE(shim_->next_due());
}

TEST_F(HoldTest, CountersOutliveASteeringThatAnotherHasEnded) {
  leave_steering(Millis(0));
  network_.counted = {7, 2, 1};
  network_.who_is_left = GroupOccupancy::SteeringEnded;
  pass(Millis(1000));
  EXPECT_EQ(shim_->steering().counters(), (SteeringCounters{7, 2, 1}));
}

TEST_F(HoldTest, LooksAtItsSlotsWhileItHoldsSteering) {
  make_running();
  shim_->hold_steering(std::vector<SteeringHandle>(1), {});
  pass(std::chrono::seconds(1));
  EXPECT_EQ(network_.slot_looks, std::chrono::seconds(1) / HeldSteering::kSlotLook);
  EXPECT_EQ(network_.refills, 0) << "all are filled";
  shim_->hold_steering({}, {});
  EXPECT_FALSE(shim_->next_due());
}

TEST_F(HoldTest, FillsTheSlotOfAListenerThatClosed) {
  make_running();
  shim_->hold_steering(std::vector<SteeringHandle>(1), {});
  network_.slots = {2, 1};
  pass(HeldSteering::kSlotLook);
  EXPECT_EQ(network_.refills, 1) << "the other may listen already";
  pass(Millis(100));
  EXPECT_EQ(network_.refills, 1) << "nothing new listens";
  network_.new_listens = true;
  network_.fills = 1;
  pass(HeldSteering::kEmptySlotLook);
  EXPECT_EQ(network_.refills, 2);
  network_.slot_looks = 0;
  pass(Millis(100));
  EXPECT_EQ(network_.slot_looks, Millis(100) / HeldSteering::kSlotLook);
}

TEST_F(HoldTest, TriesAgainToFillASlotOfABusyListener) {
  make_running();
  shim_->hold_steering(std::vector<SteeringHandle>(1), {});
  network_.slots = {1, 0};
  network_.refill_result = Refill::TryAgain;
  pass(HeldSteering::kSlotLook);
  network_.refill_result = Refill::Done;
  network_.fills = 1;
  pass(HeldSteering::kEmptySlotLook);
  EXPECT_EQ(network_.refills, 2);
  EXPECT_TRUE(network_.slots.is_full());
}

TEST_F(HoldTest, LooksLessOftenAtASlotThatStaysEmpty) {
  make_running();
  shim_->hold_steering(std::vector<SteeringHandle>(1), {});
  network_.slots = {2, 1};
  pass(std::chrono::seconds(2));
  network_.slot_looks = 0;
  pass(std::chrono::seconds(1));
  EXPECT_EQ(network_.slot_looks, std::chrono::seconds(1) / HeldSteering::kLateSlotLook);
}

TEST_F(HoldTest, LeavesTheSlotsOfARestartedServerUntilItIsReady) {
  make_running();
  shim_->hold_steering(std::vector<SteeringHandle>(1), {});
  die(code(1));
  network_.slots = {1, 0};
  pass(std::chrono::seconds(1));
  ASSERT_EQ(state(), InstanceState::Restarting);
  EXPECT_EQ(network_.refills, 0);
}

TEST_F(HoldTest, CountersOutliveTheSteering) {
  make_running();
  network_.counted = {7, 2, 1};
  shim_->hold_steering(std::vector<SteeringHandle>(1), {});
  EXPECT_EQ(shim_->steering().counters(), (SteeringCounters{7, 2, 1}));
  shim_->hold_steering({}, {});
  shim_->hold_steering(std::vector<SteeringHandle>(1), {});
  EXPECT_EQ(shim_->steering().counters(), (SteeringCounters{14, 4, 2}));
}

class IdleDrainTest : public SupervisorTest {
 protected:
  void drain_by_idling(size_t connections) {
    make_running();
    network_.open_connections = connections;
    ASSERT_TRUE(shim_->drain({SIGTERM, Millis(60'000), DrainStart::Idle}));
  }
};

TEST_F(IdleDrainTest, TellsTheServerOnceItHasNoConnectionLeft) {
  drain_by_idling(2);
  pass(Millis(5000));
  EXPECT_EQ(state(), InstanceState::Draining);
  EXPECT_THAT(server_.signals, IsEmpty());
  network_.open_connections = 0;
  pass(DrainDeadline::kLateIdleLook);
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM));
  pass(Millis(1000));
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM)) << "once";
}

TEST_F(IdleDrainTest, TellsAnIdleOneAtOnce) {
  drain_by_idling(0);
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM));
}

TEST_F(IdleDrainTest, CutsAtTheDeadlineAndSaysHowMany) {
  drain_by_idling(2);
  pass(Millis(60'000));
  EXPECT_THAT(server_.signals_to_all, ElementsAre(SIGKILL));
  shim_->server_exited(killed_by(SIGKILL));
  shim_->last_process_gone();
  EXPECT_EQ(last().connections_cut, 2U);
}

TEST_F(IdleDrainTest, ASecondOrderMayEndTheWaiting) {
  drain_by_idling(2);
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(60'000)}));
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM));
}

// The clients of kept-alive connections leave before the server gets its signal.
class HttpDrainTest : public SupervisorTest {
 protected:
  void drain_by_asking(size_t awaited, DrainStart start = DrainStart::Signal) {
    make_running();
    http_clients_.next = {{.asked = 1}, awaited};
    ASSERT_TRUE(
        shim_->drain({SIGTERM, Millis(60'000), start, DrainScope::Main, HttpDrain::Close, Millis(700)}));
  }
  void all_leave() { http_clients_.next = {{.asked = 3, .left = 3}, 0}; }
};

TEST_F(HttpDrainTest, TellsTheServerOnceNoClientIsAwaited) {
  drain_by_asking(3);
  EXPECT_EQ(http_clients_.asked_for, HttpDrain::Close);
  EXPECT_EQ(http_clients_.last_silence, Millis(700));
  pass(Millis(20'000));
  EXPECT_THAT(server_.signals, IsEmpty());
  EXPECT_EQ(state(), InstanceState::Draining);
  all_leave();
  pass(HttpLeave::kLongestPause);
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM));
  EXPECT_FALSE(http_clients_.is_active);
}

TEST_F(HttpDrainTest, TellsItAtOnceWhereNoClientIsAwaited) {
  drain_by_asking(0);
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM));
  EXPECT_FALSE(http_clients_.is_active);
}

TEST_F(HttpDrainTest, TheServerKeepsTheSecondHalfOfTheTime) {
  drain_by_asking(3);
  pass(Millis(29'000));
  EXPECT_THAT(server_.signals, IsEmpty());
  pass(Millis(1000) + HttpLeave::kLongestPause);
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM));
}

TEST_F(HttpDrainTest, DrainsAsBeforeWhereClientsCannotBeAsked) {
  http_clients_.cannot = true;
  drain_by_asking(3);
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM));
  ASSERT_TRUE(shim_->record().http);
  EXPECT_EQ(shim_->record().http->problem, "changing responses needs CAP_BPF");
}

TEST_F(HttpDrainTest, ThenWaitsForTheLastConnectionWhereTheOrderIsIdle) {
  network_.open_connections = 2;
  drain_by_asking(3, DrainStart::Idle);
  all_leave();
  pass(Millis(1000));
  EXPECT_THAT(server_.signals, IsEmpty());
  network_.open_connections = 0;
  pass(DrainDeadline::kLateIdleLook);
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM));
}

TEST_F(HttpDrainTest, AnOrderThatWaitsForNothingEndsTheAsking) {
  drain_by_asking(3);
  ASSERT_TRUE(shim_->drain({SIGTERM, Millis(60'000)}));
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM));
  EXPECT_FALSE(http_clients_.is_active);
}

TEST_F(HttpDrainTest, TheSameOrderAgainChangesNothing) {
  drain_by_asking(3);
  ASSERT_TRUE(shim_->drain(
      {SIGTERM, Millis(60'000), DrainStart::Signal, DrainScope::Main, HttpDrain::Close, Millis(700)}));
  EXPECT_THAT(server_.signals, IsEmpty());
  EXPECT_TRUE(http_clients_.is_active);
}

TEST_F(HttpDrainTest, TellsHowFarItIs) {
  drain_by_asking(3);
  http_clients_.next = {{.asked = 2, .left = 1, .silent = 1}, 2};
  pass(Millis(2000));
  EXPECT_EQ(shim_->record().http, (HttpReport{.asked = 2, .left = 1, .silent = 1}));
  EXPECT_EQ(last().kind, Kind::StatusText);
  EXPECT_EQ(last().record.http, shim_->record().http);
}

TEST_F(HttpDrainTest, TheLastReportIsInTheJournalsLine) {
  drain_by_asking(3);
  all_leave();
  pass(Millis(1000));
  shim_->server_exited(code(0));
  shim_->last_process_gone();
  EXPECT_THAT(audience_.last_line, HasSubstr(R"("http":{"asked":3,"blocking":0,"left":3)"));
}

TEST_F(HttpDrainTest, AServerThatEndsByItselfIsAwaitedNoMore) {
  drain_by_asking(3);
  shim_->server_exited(code(1));
  EXPECT_FALSE(http_clients_.is_active);
  const int looks = http_clients_.looks;
  pass(Millis(1000));
  EXPECT_EQ(http_clients_.looks, looks);
}

TEST_F(HttpDrainTest, ADeadlineThatIsMadeShorterEndsTheAskingEarlier) {
  drain_by_asking(3);
  ASSERT_TRUE(shim_->drain(
      {SIGTERM, Millis(2000), DrainStart::Signal, DrainScope::Main, HttpDrain::Close, Millis(700)}));
  pass(Millis(1000) + HttpLeave::kLongestPause);
  EXPECT_THAT(server_.signals, ElementsAre(SIGTERM));
}

}  // namespace
}  // namespace rollctl::test
