// SPDX-License-Identifier: MIT
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "deploy/recovery.h"
#include "deploy/rollout.h"
#include "rules.h"
#include "state/history.h"
#include "support/fake_hooks.h"
#include "support/fake_instances.h"
#include "support/fake_journal.h"
#include "support/fake_probe.h"
#include "support/fake_scheduler.h"
#include "support/fake_steering.h"
#include "support/faulty_roles.h"
#include "support/recording_observer.h"

namespace rollctl::test {

// Thrown out of a role: rollctl is killed there. Destructors of the acts do nothing to the world.
struct Killed {};

// An app named "web" on a host in memory, and the commands that change it.
struct DeployWorld {
  FakeScheduler scheduler;
  FakeInstances instances{scheduler};
  FakeSteering steering{scheduler, instances};
  FakeProbe probe{scheduler, instances};
  FakeJournal journal;
  FakeHooks hooks{scheduler};
  FakeInterrupts interrupts;
  RecordingObserver observer;
  Rules rules{scheduler, instances, steering, journal};

  Faults faults;
  FaultyInstances faulty_instances{instances, faults};
  FaultySockets faulty_sockets{instances, faults};
  FaultySteering faulty_steering{steering, faults};
  FaultyProbe faulty_probe{probe, faults};
  FaultyJournal faulty_journal{journal, faults};
  FaultyHooks faulty_hooks{hooks, faults};
  World world{scheduler,      faulty_instances, faulty_sockets, faulty_probe, faulty_steering,
              faulty_journal, faulty_hooks,     interrupts,     observer};

  HooksConfig hooks_config;
  std::map<int64_t, GenerationSpec> kept;
  std::vector<InstanceId> before;  // the instances that served before the change
  size_t changes_before = 0;
  std::string served_release;
  int served_count = 0;

  GenerationSpec spec(const std::string& release, int64_t generation);

  // A completed deploy of that release, long ago.
  void standing(const std::string& release, int count, const ServerScript& script = {});
  // A completed deploy of which no instance is left.
  void completed(const std::string& release, int count);
  // A completed deploy that was stopped.
  void stopped(const std::string& release, int count);

  RolloutRequest deploy(const std::string& release, int count);
  RolloutRequest rollback(const std::string& release, int count);
  RolloutRequest deploy_canary(const std::string& release, int count, double percent);
  RolloutRequest promote();
  RolloutRequest reweigh(double percent);
  RolloutRequest abort();
  // Runs a deploy that ends with a canary beside what serves, or with the old release standing by.
  void canary_standing(const std::string& release);
  void standby_standing(const std::string& release, int count, Millis hold);
  RolloutRequest scale(int count);
  RolloutRequest start(int count);
  RolloutRequest stop();

  // Runs a change, and checks that the world is as its verdict says.
  Verdict run(RolloutRequest request);
  // Runs a change that may be killed on the way: then without a verdict.
  std::optional<Verdict> run_until_killed(RolloutRequest request);

  [[nodiscard]] History history() const { return fold(journal.events); }
  // Recovers, and checks the world. Nothing where no change was left unfinished.
  std::optional<Verdict> recover();
  // The same, but it may be killed; false: it was.
  bool recover_until_killed();

  [[nodiscard]] std::vector<InstanceId> serving(const std::string& release) const;

  void expect_honest(const Verdict& verdict, const RolloutRequest& request);
  // Checks that these instances stand, a canary that was decided on, standbys, and no others.
  void expect_one_release_serves(const std::string& release, int count);
  void expect_sensible_events();

 private:
  RolloutRequest request(AppCommand command, GenerationSpec spec, int count);
  void expect_shims_see_to_the_standby(int count);
  [[nodiscard]] Verdict refusal(const RolloutRequest& request, const Error& error) const;
  PlaceInstance place();
  void before_change(const RolloutRequest& request);
  [[nodiscard]] std::vector<InstanceId> in_state(InstanceState state) const;
  void after_kill();

  int64_t generation_ = 0;
  InstanceId last_id_ = 0;
};

class DeployTest : public testing::Test, protected DeployWorld {
 protected:
  static ServerScript exits_after(Micros delay) {
    ServerScript script;
    script.exits = delay;
    return script;
  }
};

}  // namespace rollctl::test

namespace rollctl {
void PrintTo(Outcome outcome, std::ostream* out);
void PrintTo(const Verdict& verdict, std::ostream* out);
}  // namespace rollctl
