// SPDX-License-Identifier: MIT
// Shims that live and do not answer, drains that take longer than ordered, and surplus instances.
#include "deploy_world.h"

namespace rollctl::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class SilentTest : public DeployTest {
 protected:
  static ServerScript drains_for(Micros duration) {
    ServerScript script;
    script.drain_takes = duration;
    return script;
  }
};

TEST_F(SilentTest, NothingIsTouchedWhileAShimDoesNotAnswer) {
  standing("v1", 2);
  instances.silence_shim(2);
  const size_t written = journal.events.size();
  for (const RolloutRequest& request : {deploy("v2", 2), stop(), scale(1)}) {
    const Verdict verdict = run(request);
    EXPECT_EQ(verdict.outcome, Outcome::RolledBack);
    EXPECT_THAT(verdict.reason, AllOf(HasSubstr("instance 2"), HasSubstr("does not answer")));
    EXPECT_THAT(verdict.hint, HasSubstr("kill -KILL"));
  }
  EXPECT_EQ(journal.events.size(), written);
  EXPECT_THAT(serving("v1"), ElementsAre(1, 2));
}

TEST_F(SilentTest, ADrainIsWaitedForAsLongAsItsShimGrants) {
  standing("v1", 1, drains_for(std::chrono::seconds(30)));
  scheduler.in(std::chrono::seconds(9), [&] { instances.extend_drain(1, Millis(20'000)); });
  scheduler.in(std::chrono::seconds(25), [&] { instances.extend_drain(1, Millis(20'000)); });
  const Verdict verdict = run(deploy("v2", 1));
  EXPECT_EQ(verdict.outcome, Outcome::Deployed) << testing::PrintToString(verdict);
  EXPECT_EQ(verdict.connections_cut, 0U);
  EXPECT_THAT(instances.ids(), ElementsAre(2));
}

TEST_F(SilentTest, StartAndScaleDrainWhatServesUnasked) {
  standing("v1", 1);
  standing("v2", 2);
  EXPECT_EQ(run(start(2)).outcome, Outcome::Deployed);
  EXPECT_THAT(instances.ids(), ElementsAre(2, 3)) << "those that are wanted, though they are newer";
}

}  // namespace
}  // namespace rollctl::test
