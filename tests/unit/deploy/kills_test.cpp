// SPDX-License-Identifier: MIT
// Signals, kills and deaths at every call: too many for the unit tests.
#include <array>

#include "fault_scenarios.h"

namespace rollctl::test {
namespace {

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
        const bool came_too_late = verdict.outcome == Outcome::Deployed ||
                                   verdict.outcome == Outcome::Canary || verdict.aim == Verdict::Aim::Back;
        EXPECT_TRUE(verdict.outcome == Outcome::Interrupted || came_too_late ||
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

// The recovery is killed in its turn, at another call each time.
TEST_P(FaultTest, KilledAnywhereIsRecoveredAtOnceOrLater) {
  constexpr int kCallsOfARecovery = 31;
  at_every_call([](DeployWorld& world, int n) { world.faults.before_call(n, [] { throw Killed{}; }); },
                [](DeployWorld& world, const RolloutRequest& request, int n) {
                  if (world.run_until_killed(request)) return;
                  world.scheduler.advance(n % 2 == 0 ? Millis(0) : Millis(30'000));
                  const int then = world.faults.from_now(1 + n * 7 % kCallsOfARecovery);
                  world.faults.before_call(then, [] { throw Killed{}; });
                  if (!world.recover_until_killed()) recover_from(world);
                });
}

// At each call another server dies in another way, an old or a new one.
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

INSTANTIATE_TEST_SUITE_P(Of, FaultTest, testing::ValuesIn(scenarios()), name_of);

}  // namespace
}  // namespace rollctl::test
