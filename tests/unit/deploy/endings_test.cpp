// SPDX-License-Identifier: MIT
// Every way in which a deploy of one instance ends.
#include <future>
#include <string>
#include <vector>

#include "deploy_world.h"

namespace rollctl::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EndingTest : public DeployTest {
 protected:
  Verdict deploy_over_v1(const ServerScript& script) {
    standing("v1", 1);
    instances.scripts["v2"] = {script};
    return run(deploy("v2", 1));
  }
  static ListenSocket somebody_listening() {
    ListenSocket socket;
    socket.bound.ip = IpAddress::v4(0);
    socket.bound.port = 8080;
    socket.inode = 1;
    return socket;
  }
};

TEST_F(EndingTest, ReplacesTheOldReleaseByTheNew) {
  const Verdict verdict = deploy_over_v1({});
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.serving, 1);
  EXPECT_EQ(verdict.serving_release, "v2");
  EXPECT_EQ(verdict.from, "v1");
  EXPECT_THAT(serving("v2"), ElementsAre(2));
  EXPECT_EQ(history().current_release, "v2");
}

TEST_F(EndingTest, TellsTheEventsOfADeployInTheirOrder) {
  deploy_over_v1({});
  std::vector<std::string> names;
  for (const Event& event : observer.events) names.emplace_back(event_name(event));
  EXPECT_THAT(names,
              ElementsAre("deploy.started", "instance.started", "instance.ready", "traffic.shifted",
                          "instance.settled", "instance.draining", "instance.drained", "deploy.finished"));
}

TEST_F(EndingTest, TellsOnceWhatADrainWaitsForWhoseMainProcessHasEnded) {
  ServerScript slow;
  slow.drain_takes = Millis(2000);
  slow.connections = 6;
  standing("v1", 1, slow);
  instances.left[1] = {{4712, 4713}, "socat", ExitStatus{0, {}}};
  std::vector<InstanceView> meanwhile;
  scheduler.in(Millis(1500), [&] { meanwhile = observer.last_fleet; });
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::Deployed);
  ASSERT_EQ(observer.count("instance.lingering"), 1);
  const auto place = static_cast<size_t>(observer.place_of("instance.lingering", 1));
  const auto& lingering = std::get<InstanceLingering>(observer.events.at(place).body);
  EXPECT_EQ(lingering.processes, 2U);
  EXPECT_EQ(lingering.command, "socat");
  EXPECT_EQ(lingering.connections, 6U);
  EXPECT_FALSE(lingering.told);
  ASSERT_FALSE(meanwhile.empty());
  EXPECT_EQ(meanwhile.front().detail, "the main process has ended, 2 processes are left");
}

TEST_F(EndingTest, SaysThatAnOlderShimTellsOnlyTheMainProcessToEnd) {
  for (const bool knows : {true, false}) {
    DeployWorld other;
    other.standing("v1", 1);
    if (!knows) other.instances.make_shim_older(1);
    RolloutRequest request = other.deploy("v2", 1);
    request.drain.scope = DrainScope::All;
    EXPECT_EQ(other.run(request).outcome, Outcome::Deployed);
    const auto says_so = ElementsAre(HasSubstr("instance 1: its roll-shim is older"));
    if (knows) {
      EXPECT_THAT(other.observer.warnings, IsEmpty());
    } else {
      EXPECT_THAT(other.observer.warnings, says_so);
    }
  }
}

TEST_F(EndingTest, SaysThatAnOlderShimAsksNoClients) {
  for (const bool knows : {true, false}) {
    DeployWorld other;
    other.standing("v1", 1);
    if (!knows) other.instances.make_shim_older(1);
    RolloutRequest request = other.deploy("v2", 1);
    request.drain.http = HttpDrain::Close;
    EXPECT_EQ(other.run(request).outcome, Outcome::Deployed);
    if (knows) {
      EXPECT_THAT(other.observer.warnings, IsEmpty());
    } else {
      EXPECT_THAT(other.observer.warnings,
                  ElementsAre(HasSubstr(
                      "instance 1: its roll-shim is older or has died, so its clients are not asked")));
    }
  }
}

TEST_F(EndingTest, AddsUpWhatTheDrainsTellOfTheirClients) {
  standing("v1", 2);
  instances.http = HttpReport{.asked = 30, .left = 29, .silent = 1};
  RolloutRequest request = deploy("v2", 2);
  request.drain.http = HttpDrain::Close;
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.http, (HttpReport{.asked = 60, .left = 58, .silent = 2}));
  const auto& last = std::get<DeployFinished>(journal.events.back().body);
  EXPECT_EQ(last.http, verdict.http);
}

TEST_F(EndingTest, SaysOnceWhyClientsAreNotAsked) {
  standing("v1", 1);
  instances.http = HttpReport{.problem = "not enough memory"};
  RolloutRequest request = deploy("v2", 1);
  request.drain.http = HttpDrain::Close;
  EXPECT_EQ(run(request).outcome, Outcome::Deployed);
  EXPECT_THAT(observer.warnings,
              ElementsAre(HasSubstr("instance 1: its clients are not asked to leave: not enough memory")));
}

TEST_F(EndingTest, WritesEveryIntentBeforeItsAct) {
  standing("v1", 1);
  const size_t first = journal.events.size();
  run(deploy("v2", 1));
  std::vector<std::string> names;
  for (size_t i = first; i < journal.events.size(); ++i) names.emplace_back(event_name(journal.events[i]));
  EXPECT_THAT(names,
              ElementsAre("deploy.started", "instance.starting", "instance.started", "instance.ready",
                          "traffic.shifting", "traffic.shifted", "instance.settled", "instance.stopping",
                          "instance.draining", "instance.drained", "deploy.finished"));
}

TEST_F(EndingTest, KeepsTheSpecificationBeforeClientsCome) {
  standing("v1", 1);
  RolloutRequest request = deploy("v2", 1);
  std::vector<std::string> kept_releases;
  request.keep = [&](const GenerationSpec& spec) -> Status {
    kept_releases.push_back(spec.release);
    EXPECT_EQ(event_name(journal.events.back()), "instance.started")
        << "what is done before delays the server";
    return {};
  };
  EXPECT_EQ(run(request).outcome, Outcome::Deployed);
  EXPECT_THAT(kept_releases, ElementsAre("v2"));
}

TEST_F(EndingTest, RollsBackWhenTheSpecificationCannotBeKept) {
  standing("v1", 1);
  RolloutRequest request = deploy("v2", 1);
  request.keep = [](const GenerationSpec&) -> Status { return fail(ErrorKind::Failed, "no space left"); };
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_THAT(verdict.reason, HasSubstr("no space left"));
  EXPECT_THAT(serving("v1"), ElementsAre(1));
}

TEST_F(EndingTest, StartsAFirstReleaseWhereNothingServes) {
  const Verdict verdict = run(deploy("v1", 2));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.from, std::nullopt);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
}

// Not for ever: the server may have to reach itself through the port.
TEST_F(EndingTest, GatesAFirstReleaseForHalfOfItsDeadline) {
  ServerScript late;
  late.ready = Millis(1800);  // of the 2 s that it has
  instances.scripts["v1"] = {late};
  std::vector<InstanceId> at_first{7};
  std::vector<InstanceId> at_last;
  scheduler.in(Millis(900), [&] { at_first = steering.receivers(); });
  scheduler.in(Millis(1100), [&] { at_last = steering.receivers(); });
  const Verdict verdict = run(deploy("v1", 2));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_THAT(at_first, IsEmpty());
  EXPECT_THAT(at_last, ElementsAre(1));  // the second comes when the first is ready
}

TEST_F(EndingTest, LeavesNothingWhenTheFirstReleaseFails) {
  instances.scripts["v1"] = {exits_after(Micros(500))};
  const Verdict verdict = run(deploy("v1", 2));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_EQ(verdict.serving_release, "");
}

TEST_F(EndingTest, RollsBackWhenTheNewServerCannotBeExecuted) {
  ServerScript script;
  script.launch_fails = "cannot start \"./web\": No such file or directory";
  const Verdict verdict = deploy_over_v1(script);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  ASSERT_TRUE(verdict.failed);
  EXPECT_EQ(verdict.failed->id, 2);
  EXPECT_THAT(verdict.reason, HasSubstr("No such file or directory"));
}

TEST_F(EndingTest, RollsBackWhenNoShimCanBeStarted) {
  ServerScript script;
  script.refused = "cannot start roll-shim: Permission denied";
  const Verdict verdict = deploy_over_v1(script);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_THAT(verdict.reason, HasSubstr("Permission denied"));
}

TEST_F(EndingTest, RollsBackWhenTheNewServerExitsBeforeItIsReady) {
  const Verdict verdict = deploy_over_v1(exits_after(Micros(1200)));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_EQ(verdict.reason, "instance 2: the server exited with 1 before it was ready");
  EXPECT_EQ(verdict.serving_release, "v1");
  EXPECT_EQ(history().current_release, "v1");
}

TEST_F(EndingTest, RollsBackWhenTheNewServerExitsAtOnce) {
  EXPECT_EQ(deploy_over_v1(exits_after(Micros(0))).outcome, Outcome::RolledBack);
}

TEST_F(EndingTest, RollsBackWhenTheNewServerAndItsShimAreKilledTogether) {
  scheduler.in(Micros(2500), [&] { instances.lose_all_of(2); });
  const Verdict verdict = deploy_over_v1({});
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
}

TEST_F(EndingTest, RollsBackWhenTheNewServerListensAsAnotherUser) {
  ServerScript script;
  script.uid = 1000;
  const Verdict verdict = deploy_over_v1(script);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_THAT(verdict.reason, HasSubstr("uid"));
}

TEST_F(EndingTest, RollsBackWhenTheNewServerIsNotReadyInTime) {
  ServerScript script;
  script.ready.reset();
  const Verdict verdict = deploy_over_v1(script);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_EQ(verdict.reason, "instance 2: not ready after 2.0 s: GET / answered 503");
}

TEST_F(EndingTest, RollsBackWhenTheNewServerNeverListens) {
  ServerScript script;
  script.listens.reset();
  const Verdict verdict = deploy_over_v1(script);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_THAT(verdict.reason, HasSubstr("does not listen yet"));
}

TEST_F(EndingTest, AServerThatListensLongBeforeItIsReadyIsAskedButGetsNoClients) {
  ServerScript script;
  script.listens = Micros(0);
  script.ready = Millis(1500);
  EXPECT_EQ(deploy_over_v1(script).outcome, Outcome::Deployed);
}

TEST_F(EndingTest, RollsBackWhenTheNewServerBecomesUnreadyWhileBaking) {
  standing("v1", 1);
  ServerScript script;
  script.unready = Millis(300);
  instances.scripts["v2"] = {script};
  RolloutRequest request = deploy("v2", 1);
  request.bake = Millis(1000);
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_EQ(verdict.reason, "instance 2: became unready: GET / answered 503");
}

TEST_F(EndingTest, SaysThatTheNewServerDiedThoughItsProbeFoundOutFirst) {
  standing("v1", 1);
  ServerScript script = exits_after(Millis(310));
  script.unready = Millis(300);
  script.restarts_after = Millis(1);
  instances.scripts["v2"] = {script};
  RolloutRequest request = deploy("v2", 1);
  request.spec.config.ready.interval = Millis(1);
  request.bake = Millis(1000);
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_EQ(verdict.reason, "instance 2: the server exited with 1");
}

TEST_F(EndingTest, RollsBackWhenTheNewServerDiesWhileBaking) {
  standing("v1", 1);
  instances.scripts["v2"] = {exits_after(Millis(300))};
  RolloutRequest request = deploy("v2", 1);
  request.bake = Millis(1000);
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_EQ(verdict.reason, "instance 2: the server exited with 1");
}

TEST_F(EndingTest, ANewServerThatIsRestartedWhileBakingIsNoGoodOne) {
  standing("v1", 1);
  ServerScript script = exits_after(Millis(300));
  script.restarts_after = Millis(1);
  instances.scripts["v2"] = {script};
  RolloutRequest request = deploy("v2", 1);
  request.bake = Millis(1000);
  EXPECT_EQ(run(request).outcome, Outcome::RolledBack);
}

TEST_F(EndingTest, RollsBackWhenTheNewServerDiesWhileTheOldOneSettles) {
  steering.settle_takes = Millis(50);
  EXPECT_EQ(deploy_over_v1(exits_after(Millis(30))).outcome, Outcome::RolledBack);
}

TEST_F(EndingTest, KeepsABakedReleaseThatStaysReady) {
  standing("v1", 1);
  RolloutRequest request = deploy("v2", 1);
  request.bake = Millis(1000);
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::Deployed);
  EXPECT_GE(verdict.duration, Millis(1000));
}

TEST_F(EndingTest, CountsTheConnectionsThatTheDrainDeadlineCut) {
  ServerScript stubborn;
  stubborn.drain_takes.reset();
  stubborn.connections = 7;
  standing("v1", 1, stubborn);
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed);
  EXPECT_EQ(verdict.connections_cut, 7U);
  EXPECT_GE(verdict.duration, Millis(10'000));
}

TEST_F(EndingTest, CountsWhatHadNotSettledAtTheBound) {
  steering.settle_takes = Millis(5000);
  const Verdict verdict = deploy_over_v1({});
  EXPECT_EQ(verdict.outcome, Outcome::Deployed);
  EXPECT_EQ(verdict.left, 1U);
}

TEST_F(EndingTest, LeavesTheGateUntilHandshakesThatAreLeftAreOver) {
  standing("v1", 2);
  steering.settle_takes = Millis(5000);
  RolloutRequest request = deploy("v2", 2);
  request.batch = *Batch::parse("all");
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::Deployed);
  EXPECT_EQ(verdict.left, 1U) << "the same for both that left";
  for (InstanceId id : serving("v2")) EXPECT_EQ(instances.find(id)->look_after, kHandshakeLife) << id;
}

TEST_F(EndingTest, KeepsTheGateWhileAnOldServerStillListens) {
  ServerScript script;
  script.closes.reset();
  script.drain_takes = Millis(5000);
  standing("v1", 1, script);
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::Deployed);
}

TEST_F(EndingTest, SaysWhichStrangerHasThePort) {
  standing("v1", 1);
  instances.strangers = {somebody_listening()};
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
  EXPECT_EQ(verdict.reason, "0.0.0.0:8080 is in use by nginx (pid 12), which is no instance of web");
  EXPECT_EQ(observer.count("instance.started"), 0);
}

// Workers are recycled while the ports are checked.
TEST_F(EndingTest, ASocketThatAnInstanceHoldsByNowOrNobodyIsNoStrangers) {
  standing("v1", 1);
  instances.strangers = {somebody_listening()};
  for (const SocketHolder::Who who : {SocketHolder::Who::Instance, SocketHolder::Who::Nobody}) {
    instances.holder = SocketHolder{who, {}};
    EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::Deployed);
  }
}

TEST_F(EndingTest, DetachesOnceTheTrafficHasMoved) {
  ServerScript slow;
  slow.drain_takes = Millis(8000);
  standing("v1", 1, slow);
  RolloutRequest request = deploy("v2", 1);
  request.after_shift = AfterShift::Detach;
  const Verdict verdict = run(request);
  EXPECT_EQ(verdict.outcome, Outcome::Deployed);
  EXPECT_THAT(verdict.draining, ElementsAre(1));
  EXPECT_LT(verdict.duration, Millis(100));
}

TEST_F(EndingTest, AnOldServerThatDiesMeanwhileDoesNotStopTheDeploy) {
  scheduler.in(Micros(2500), [&] { instances.die(1); });
  EXPECT_EQ(deploy_over_v1({}).outcome, Outcome::Deployed);
}

TEST_F(EndingTest, AnOldServerWhoseShimHasDiedIsDrainedAllTheSame) {
  standing("v1", 1);
  instances.lose_shim(1);
  EXPECT_EQ(run(deploy("v2", 1)).outcome, Outcome::Deployed);
}

TEST_F(EndingTest, AnOldServerThatDiesTogetherWithItsShimHoldsNothingUp) {
  standing("v1", 2);
  scheduler.in(Micros(2500), [&] { instances.lose_all_of(1); });
  const Verdict verdict = run(deploy("v2", 2));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
}

TEST_F(EndingTest, NorDoesOneThatIsLostWhileItSettles) {
  standing("v1", 1);
  steering.settle_takes = Millis(50);
  scheduler.in(Millis(30), [&] { instances.lose_all_of(1); });
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_LT(verdict.duration, Millis(100));
}

TEST_F(EndingTest, AnOldInstanceThatCannotBeToldToDrainServesOn) {
  standing("v1", 1);
  faults.fail_next("instances.drain");
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::RolledBack) << testing::PrintToString(verdict);
  EXPECT_THAT(serving("v1"), ElementsAre(1));
}

TEST_F(EndingTest, OneThatListensOnIsLeftToTheShimsOrToTheNextCommand) {
  ServerScript listens_on;
  listens_on.closes.reset();
  listens_on.drain_takes = Millis(5000);
  for (const bool outlives : {true, false}) {
    DeployWorld other;
    other.steering.outlives = outlives;
    other.standing("v1", 1, listens_on);
    RolloutRequest request = other.deploy("v2", 1);
    request.after_shift = AfterShift::Detach;
    EXPECT_EQ(other.run(request).outcome, Outcome::Deployed);
    EXPECT_EQ(other.observer.warnings.empty(), outlives);
    EXPECT_EQ(other.steering.attached(), !outlives);
  }
}

TEST_F(EndingTest, AFailedOldInstanceIsClearedAway) {
  standing("v1", 2);
  instances.die(1);
  const Verdict verdict = run(deploy("v2", 2));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
}

TEST_F(EndingTest, AnOldInstanceThatIsBeingRestartedLeavesAsTheOthers) {
  ServerScript script;
  script.restarts_after = Millis(1000);
  for (const Handover way : {Handover::Steer, Handover::Plain}) {
    DeployWorld other;
    other.steering.handover = way;
    other.standing("v1", 2, script);
    other.instances.die(2);
    const Verdict verdict = other.run(other.deploy("v2", 2));
    EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  }
}

TEST_F(EndingTest, MovesOverWithoutSteering) {
  for (const Handover way : {Handover::Migrate, Handover::Plain}) {
    DeployWorld other;
    other.steering.handover = way;
    other.standing("v1", 2);
    const Verdict verdict = other.run(other.deploy("v2", 2));
    EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
    EXPECT_EQ(verdict.handover, way);
  }
}

}  // namespace
}  // namespace rollctl::test
