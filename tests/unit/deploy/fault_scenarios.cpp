// SPDX-License-Identifier: MIT
#include "fault_scenarios.h"

#include <fmt/format.h>

#include "process/event_codec.h"

namespace rollctl::test {

void PrintTo(const Scenario& scenario, std::ostream* out) {
  *out << scenario.name;
}

namespace {

RolloutRequest baked(RolloutRequest request) {
  request.bake = Millis(5);
  return request;
}

}  // namespace

std::vector<Scenario> scenarios() {
  const auto two_of_v1 = [](DeployWorld& world) { world.standing("v1", 2); };
  const auto canary_beside_v1 = [](DeployWorld& world) {
    world.standing("v1", 2);
    world.canary_standing("v2");
  };
  const auto standby_of_v1 = [](DeployWorld& world) {
    world.standing("v1", 2);
    world.standby_standing("v2", 2, Millis(60'000));
  };
  const auto deploy_v2 = [](DeployWorld& world) { return world.deploy("v2", 2); };
  return {
      {"Deploy", two_of_v1, deploy_v2},
      {"DeployWithHooksAndBake",
       [](DeployWorld& world) {
         world.hooks_config.before_deploy.command = {"before_deploy"};
         world.hooks_config.after_shift.command = {"after_shift"};
         world.hooks_config.before_drain.command = {"before_drain"};
         world.hooks_config.after_deploy.command = {"after_deploy"};
         world.hooks_config.on_failure.command = {"on_failure"};
         world.standing("v1", 1);
       },
       [](DeployWorld& world) { return baked(world.deploy("v2", 1)); }},
      {"DeployWhoseSecondBatchFails",
       [](DeployWorld& world) {
         world.standing("v1", 2);
         ServerScript exits;
         exits.exits = Micros(1200);
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
      {"DeployOfACanary", two_of_v1, [](DeployWorld& world) { return world.deploy_canary("v2", 2, 10); }},
      {"DeployThroughACanary", two_of_v1,
       [](DeployWorld& world) { return baked(world.deploy_canary("v2", 2, 10)); }},
      {"Promote", canary_beside_v1, [](DeployWorld& world) { return world.promote(); }},
      {"PromoteOfOne",
       [](DeployWorld& world) {
         world.standing("v1", 1);
         world.canary_standing("v2");
       },
       [](DeployWorld& world) { return world.promote(); }},
      {"Abort", canary_beside_v1, [](DeployWorld& world) { return world.abort(); }},
      {"StopWithACanary", canary_beside_v1, [](DeployWorld& world) { return world.stop(); }},
      {"DeployWithAHold", two_of_v1,
       [](DeployWorld& world) {
         RolloutRequest request = world.deploy("v2", 2);
         request.hold = Millis(60'000);
         return request;
       }},
      {"RollbackToAStandby", standby_of_v1,
       [](DeployWorld& world) {
         RolloutRequest request = world.rollback("v1", 2);
         request.returns_to = 1;
         return request;
       }},
      {"DeployOverAStandby", standby_of_v1, [](DeployWorld& world) { return world.deploy("v3", 2); }},
      {"DeployWithoutSteering",
       [](DeployWorld& world) {
         world.steering.handover = Handover::Plain;
         world.standing("v1", 2);
       },
       deploy_v2},
  };
}

std::string FaultTest::journal_of(const DeployWorld& world) {
  std::string text;
  for (const Event& event : world.journal.events) text += fmt::format("  {}\n", event_line(event, "web"));
  for (const auto& [id, server] : world.instances.servers())
    text += fmt::format("  left: {} of {}, {}{}{}\n", id, server.record.release,
                        instance_state_name(server.record.state), server.good() ? ", good" : "",
                        server.holds_steering ? ", holds steering" : "");
  return text;
}

void FaultTest::recover_from(DeployWorld& world) {
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
    world.expect_one_release_serves(history.current_release, begun ? history.wanted() : world.served_count);
  }
}

}  // namespace rollctl::test
