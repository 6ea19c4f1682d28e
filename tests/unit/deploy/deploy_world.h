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

// Thrown out of a role: rollctl is killed there. Its destructors do nothing to the world.
struct Killed {};

// An app named "web" on a host that exists in memory only, and the commands that change it.
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
  std::vector<InstanceId> before;  // who served before the change
  size_t changes_before = 0;
  std::string served_release;
  int served_count = 0;

  GenerationSpec spec(const std::string& release, int64_t generation);

  // A completed deploy of that release, as long ago as it takes.
  void standing(const std::string& release, int count, const ServerScript& script = {});
  // One of which nothing is left.
  void completed(const std::string& release, int count);
  // The same, but all of it has been stopped.
  void stopped(const std::string& release, int count);

  RolloutRequest deploy(const std::string& release, int count);
  RolloutRequest rollback(const std::string& release, int count);
  RolloutRequest deploy_canary(const std::string& release, int count, double percent);
  RolloutRequest promote();
  RolloutRequest abort();
  // They ran: a canary beside what serves; a release whose forerunner stands by.
  void canary_standing(const std::string& release);
  void standby_standing(const std::string& release, int count, Millis hold);
  RolloutRequest scale(int count);
  RolloutRequest start(int count);
  RolloutRequest stop();

  // Runs a change, and checks that its end is what its verdict says.
  Verdict run(RolloutRequest request);
  // Runs a change that is killed on the way; without a verdict it was.
  std::optional<Verdict> run_until_killed(RolloutRequest request);

  [[nodiscard]] History history() const { return fold(journal.events); }
  // What `recover` does, and checks its end. Nothing where nothing was left.
  std::optional<Verdict> recover();
  // The same, but it may be killed, too; false: it was.
  bool recover_until_killed();

  [[nodiscard]] std::vector<InstanceId> serving(const std::string& release) const;

  void expect_honest(const Verdict& verdict, const RolloutRequest& request);
  // These and nothing else but a canary that was decided on, and what stands by.
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

class DeployTest : public testing::Test, protected DeployWorld {};

}  // namespace rollctl::test

namespace rollctl {
void PrintTo(Outcome outcome, std::ostream* out);
void PrintTo(const Verdict& verdict, std::ostream* out);
}  // namespace rollctl
