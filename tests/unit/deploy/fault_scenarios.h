// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "deploy_world.h"

namespace rollctl::test {

// A change that a fault is injected into.
struct Scenario {
  const char* name;
  std::function<void(DeployWorld&)> prepare;
  std::function<RolloutRequest(DeployWorld&)> request;
};
void PrintTo(const Scenario& scenario, std::ostream* out);

std::vector<Scenario> scenarios();

// Injects a fault at every call of every role, one in each run. The runs count the calls, so that new calls
// are tried as well.
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

  static std::string journal_of(const DeployWorld& world);
  // Recovers, and checks that one release serves and nothing else is left.
  static void recover_from(DeployWorld& world);
};

inline std::string name_of(const testing::TestParamInfo<Scenario>& scenario) {
  return scenario.param.name;
}

}  // namespace rollctl::test
