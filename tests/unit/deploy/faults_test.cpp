// SPDX-License-Identifier: MIT
// Whatever goes wrong at whichever call of whichever role. The calls are counted by the run itself: one that
// is added is tried as well.
#include <fmt/format.h>

#include <array>

#include "deploy_world.h"

namespace roll::test {
namespace {

struct Scenario {
  const char* name;
  std::function<void(DeployWorld&)> prepare;
  std::function<RolloutRequest(DeployWorld&)> request;
};

void PrintTo(const Scenario& scenario, std::ostream* out) {
  *out << scenario.name;
}

RolloutRequest baked(RolloutRequest request) {
  request.bake = Millis(5);
  return request;
}

std::vector<Scenario> scenarios() {
  const auto two_of_v1 = [](DeployWorld& world) { world.standing("v1", 2); };
  const auto deploy_v2 = [](DeployWorld& world) { return world.deploy("v2", 2); };
  return {
      {"Deploy", two_of_v1, deploy_v2},
      {"DeployWithHooksAndBake",
       [](DeployWorld& world) {
         world.hooks_config.before_deploy = {"before_deploy"};
         world.hooks_config.after_shift = {"after_shift"};
         world.hooks_config.before_drain = {"before_drain"};
         world.hooks_config.after_deploy = {"after_deploy"};
         world.hooks_config.on_failure = {"on_failure"};
         world.standing("v1", 1);
       },
       [](DeployWorld& world) { return baked(world.deploy("v2", 1)); }},
      {"DeployWhoseSecondBatchFails",
       [](DeployWorld& world) {
         world.standing("v1", 2);
         ServerScript exits;
         exits.exits = Micros(2500);
         world.instances.scripts["v2"] = {ServerScript(), exits};
       },
       deploy_v2},
      {"FirstDeploy", [](DeployWorld&) {}, deploy_v2},
      {"Rollback",
       [](DeployWorld& world) {
         world.completed("v1", 2);
         world.standing("v2", 2);
       },
       [](DeployWorld& world) {
         RolloutRequest request = world.rollback("v1", 2);
         request.batch.unit = Batch::Unit::All;
         return request;
       }},
      {"ScaleUp", two_of_v1, [](DeployWorld& world) { return world.scale(3); }},
      {"ScaleDown", [](DeployWorld& world) { world.standing("v1", 3); },
       [](DeployWorld& world) { return world.scale(1); }},
      {"StartInPlaceOfAFailedOne",
       [](DeployWorld& world) {
         world.standing("v1", 2);
         world.scheduler.in(Micros(0), [&world] { world.instances.lose_all_of(1); });
         world.scheduler.advance(Micros(1));
       },
       [](DeployWorld& world) { return world.start(2); }},
      {"Stop", two_of_v1, [](DeployWorld& world) { return world.stop(); }},
      {"StartOfWhatWasStopped", [](DeployWorld& world) { world.stopped("v1", 2); },
       [](DeployWorld& world) { return world.start(2); }},
      {"DeployWithoutSteering",
       [](DeployWorld& world) {
         world.steering.handover = Handover::Plain;
         world.standing("v1", 2);
       },
       deploy_v2},
  };
}

class FaultTest : public testing::TestWithParam<Scenario> {
 protected:
  // One run for every call: `arrange` says what happens at the n-th, `check` does the rest.
  template <typename Arrange, typename Check>
  void at_every_call(Arrange arrange, Check check) {
    int told = 0;
    for (int n = 1;; ++n) {
      const int failures_before = failures();
      DeployWorld world;
      GetParam().prepare(world);
      arrange(world, world.faults.from_now(n));
      check(world, GetParam().request(world), n);
      if (world.faults.where().empty()) {
        EXPECT_GT(n, 10) << "where are the calls?";
        return;
      }
      if (failures() == failures_before) continue;
      ADD_FAILURE() << "at call " << n << ", " << world.faults.where() << "; the journal:\n"
                    << journal_of(world);
      if (++told == kEnoughFailures) return;
    }
  }

  static constexpr int kEnoughFailures = 3;
  static int failures() {
    return testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
  }

  static std::string journal_of(const DeployWorld& world) {
    std::string text;
    for (const Event& event : world.journal.events)
      text += fmt::format("  {} {}\n", event.name, event.fields.dump());
    for (const auto& [id, server] : world.instances.servers())
      text += fmt::format("  left: {} of {}, {}{}{}\n", id, server.record.release,
                          instance_state_name(server.record.state), server.good() ? ", good" : "",
                          server.holds_steering ? ", holds steering" : "");
    return text;
  }

  // What `recover` makes of it: one release, and nothing else.
  static void recover_from(DeployWorld& world) {
    world.faults.none();
    world.interrupts.forget();
    world.steering.rollctl_died();
    world.hooks.rollctl_died();
    const auto verdict = world.recover();
    if (verdict) {
      EXPECT_NE(verdict->outcome, Outcome::NeedsAttention) << testing::PrintToString(*verdict);
      EXPECT_TRUE(verdict->serving == verdict->wanted || world.instances.ids().empty())
          << testing::PrintToString(*verdict);
    } else {
      const History history = world.history();
      const bool begun = history.changes.size() > world.changes_before;
      world.expect_one_release_serves(history.current_release,
                                      begun ? history.wanted() : static_cast<int>(world.before.size()));
    }
  }
};

TEST_P(FaultTest, ACallThatFailsEndsHonestlyAndCanBeRecovered) {
  at_every_call([](DeployWorld& world, int n) { world.faults.fail_call(n); },
                [](DeployWorld& world, const RolloutRequest& request, int) {
                  if (world.run(request).outcome == Outcome::NeedsAttention) recover_from(world);
                });
}

TEST_P(FaultTest, CallsThatFailFromThenOnEndHonestlyAndCanBeRecovered) {
  at_every_call([](DeployWorld& world, int n) { world.faults.fail_from(n); },
                [](DeployWorld& world, const RolloutRequest& request, int) {
                  if (world.run(request).outcome == Outcome::NeedsAttention) recover_from(world);
                });
}

TEST_P(FaultTest, ASignalUndoesOrComesTooLate) {
  at_every_call(
      [](DeployWorld& world, int n) { world.faults.before_call(n, [&] { world.interrupts.raise(2); }); },
      [](DeployWorld& world, const RolloutRequest& request, int) {
        const Verdict verdict = world.run(request);
        const bool fails_anyway = std::string(GetParam().name) == "DeployWhoseSecondBatchFails";
        EXPECT_TRUE(verdict.outcome == Outcome::Interrupted || verdict.outcome == Outcome::Deployed ||
                    (fails_anyway && verdict.outcome == Outcome::RolledBack))
            << testing::PrintToString(verdict);
        EXPECT_TRUE(verdict.outcome != Outcome::Interrupted || verdict.interrupted_by == 2);
      });
}

TEST_P(FaultTest, ASecondSignalLeavesAtOnceAndCanBeRecovered) {
  at_every_call(
      [](DeployWorld& world, int n) {
        world.faults.before_call(n, [&] {
          world.interrupts.raise(2);
          world.interrupts.raise(15);
        });
      },
      [](DeployWorld& world, const RolloutRequest& request, int) {
        if (world.run(request).outcome == Outcome::NeedsAttention) recover_from(world);
      });
}

TEST_P(FaultTest, KilledAnywhereIsRecoveredAtOnceAndLater) {
  at_every_call([](DeployWorld& world, int n) { world.faults.before_call(n, [] { throw Killed{}; }); },
                [&](DeployWorld& world, const RolloutRequest& request, int n) {
                  if (world.run_until_killed(request)) return;
                  world.scheduler.advance(n % 2 == 0 ? Millis(0) : Millis(30'000));
                  recover_from(world);
                });
}

TEST_P(FaultTest, ARecoveryThatIsKilledIsRecoveredItself) {
  at_every_call([](DeployWorld& world, int n) { world.faults.before_call(n, [] { throw Killed{}; }); },
                [](DeployWorld& world, const RolloutRequest& request, int n) {
                  if (world.run_until_killed(request)) return;
                  // Another call each time.
                  world.faults.before_call(world.faults.from_now(1 + n * 7 % 31), [] { throw Killed{}; });
                  if (!world.recover_until_killed()) recover_from(world);
                });
}

// Another server in another way at each call, of those of before the change and of it.
TEST_P(FaultTest, AnyServerMayDieAnyHow) {
  using Lose = void (*)(FakeInstances&, InstanceId);
  static constexpr std::array<Lose, 4> kLosses{
      [](FakeInstances& instances, InstanceId id) { instances.die(id); },
      [](FakeInstances& instances, InstanceId id) { instances.lose_shim(id); },
      [](FakeInstances& instances, InstanceId id) { instances.lose_all_of(id); },
      [](FakeInstances& instances, InstanceId id) { instances.become_unready(id); }};
  constexpr InstanceId kInstances = 3;
  at_every_call(
      [](DeployWorld& world, int n) {
        const InstanceId id = 1 + n % kInstances;
        const Lose lose = kLosses.at(static_cast<size_t>(n) % kLosses.size());
        world.faults.before_call(n, [&world, lose, id] { lose(world.instances, id); });
      },
      [](DeployWorld& world, const RolloutRequest& request, int) {
        if (world.run(request).outcome == Outcome::NeedsAttention) recover_from(world);
      });
}

INSTANTIATE_TEST_SUITE_P(Of, FaultTest, testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return std::string(scenario.param.name); });

}  // namespace
}  // namespace roll::test
