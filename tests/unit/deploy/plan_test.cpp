// SPDX-License-Identifier: MIT
#include "deploy/plan.h"

#include <gmock/gmock.h>

#include <numeric>

#include "deploy/recovery.h"
#include "some_batches.h"

namespace rollctl::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Plan, ReplacesTheOldestFirst) {
  EXPECT_THAT(plan_replacement({5, 3}, 2, kOne), ElementsAre(Step{1, {3}}, Step{1, {5}}));
  EXPECT_THAT(plan_replacement({3, 5}, 2, kAll), ElementsAre(Step{2, {3, 5}}));
}

TEST(Plan, TheFirstReleaseReplacesNobody) {
  EXPECT_THAT(plan_replacement({}, 3, kTwo), ElementsAre(Step{2, {}}, Step{1, {}}));
}

TEST(Plan, NeverLeavesFewerThanTheSmallerOfBothNumbers) {
  for (const Batch& batch : {kOne, kTwo, kAll}) {
    for (int old = 0; old <= 7; ++old) {
      for (int count = 1; count <= 7; ++count) {
        std::vector<InstanceId> ids(static_cast<size_t>(old));
        std::iota(ids.begin(), ids.end(), 1);
        int launched = 0;
        int stay = old;
        for (const Step& step : plan_replacement(ids, count, batch)) {
          EXPECT_LE(step.launch, batch.of(count));
          launched += step.launch;
          stay -= static_cast<int>(step.leave.size());
          EXPECT_GE(launched + stay, std::min(old, count)) << old << " by " << count << ", " << batch.text();
        }
        EXPECT_EQ(launched, count);
        EXPECT_EQ(stay, 0);
      }
    }
  }
}

TEST(Plan, ScalesUpInBatchesAndDownAtOnceTheNewestFirst) {
  EXPECT_THAT(plan_scale({1, 2}, 5, kTwo), ElementsAre(Step{2, {}}, Step{1, {}}));
  EXPECT_THAT(plan_scale({4, 1, 2}, 1, kOne), ElementsAre(Step{0, {2, 4}}));
  EXPECT_THAT(plan_scale({1, 2}, 2, kOne), IsEmpty());
}

TEST(Plan, StopsAllAtOnce) {
  EXPECT_THAT(plan_stop({2, 1}), ElementsAre(Step{0, {1, 2}}));
  EXPECT_THAT(plan_stop({}), IsEmpty());
}

class RemedyTest : public testing::Test {
 protected:
  static Change change(AppCommand command, int instances) {
    Change change;
    change.command = command;
    change.instances = instances;
    return change;
  }
};

TEST_F(RemedyTest, UndoesWhatHadNotMovedAllTraffic) {
  Change deploy = change(AppCommand::Deploy, 2);
  EXPECT_EQ(decide_remedy(deploy), Remedy::Undo);
  deploy.starting = {3};
  EXPECT_EQ(decide_remedy(deploy), Remedy::Undo);
  deploy.shifted_in = {3};
  deploy.shifted_out = deploy.stopping = {1};
  EXPECT_EQ(decide_remedy(deploy), Remedy::Undo) << "the second batch has not come";
}

TEST_F(RemedyTest, FinishesWhatHadMovedAllTraffic) {
  Change deploy = change(AppCommand::Deploy, 2);
  deploy.starting = deploy.shifted_in = {3, 4};
  EXPECT_EQ(decide_remedy(deploy), Remedy::Finish);
}

TEST_F(RemedyTest, UndoesADeployThatWasBeingTakenBack) {
  Change deploy = change(AppCommand::Deploy, 2);
  deploy.starting = {3, 4, 5};
  deploy.shifted_in = {3, 5};
  EXPECT_EQ(decide_remedy(deploy), Remedy::Undo);
}

TEST_F(RemedyTest, ScaleDownIsFinishedOnceTheTrafficHasMoved) {
  Change scale = change(AppCommand::Scale, 1);
  EXPECT_EQ(decide_remedy(scale), Remedy::Undo);
  scale.shifted_out = {2};
  EXPECT_EQ(decide_remedy(scale), Remedy::Finish);
}

TEST_F(RemedyTest, StopIsFinishedOnceOneHasLostItsClientsOrWasToldToStop) {
  Change stop = change(AppCommand::Stop, 0);
  EXPECT_EQ(decide_remedy(stop), Remedy::Undo);
  stop.shifted_out = {1, 2};
  EXPECT_EQ(decide_remedy(stop), Remedy::Finish);
  stop.stopping = {1};
  EXPECT_EQ(decide_remedy(stop), Remedy::Finish);
}

}  // namespace
}  // namespace rollctl::test
