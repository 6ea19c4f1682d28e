// SPDX-License-Identifier: MIT
#include "fault_scenarios.h"

namespace rollctl::test {
namespace {

TEST_P(FaultTest, ACallThatFailsEndsHonestlyAndCanBeRecovered) {
  at_every_call([](DeployWorld& world, int n) { world.faults.fail_call(n); },
                [](DeployWorld& world, const RolloutRequest& request, int) {
                  if (world.run(request).outcome == Outcome::NeedsAttention) recover_from(world);
                });
}

INSTANTIATE_TEST_SUITE_P(Of, FaultTest, testing::ValuesIn(scenarios()), name_of);

}  // namespace
}  // namespace rollctl::test
