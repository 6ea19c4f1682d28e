// SPDX-License-Identifier: MIT
#include "ui/plan_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/ui/screen.h"

namespace rollctl {
namespace {

using nlohmann::json;
using test::pipe_output;

PlannedChange planned() {
  PlannedChange change;
  change.request.command = AppCommand::Deploy;
  change.request.spec.app = "web";
  change.request.spec.release = "v2";
  change.request.spec.generation = 7;
  change.request.instances = 2;
  return change;
}

std::string shown(const PlannedChange& change) {
  return render(plan_lines(change), pipe_output());
}

TEST(PlanViewTest, SaysEachStepInItsLine) {
  PlannedChange change = planned();
  change.plan = {{1, {3}}, {1, {4}}};
  EXPECT_EQ(shown(change),
            "web: deploy v2 as generation 7, in 2 steps; nothing was touched\n"
            "  start 1, then drain 3\n"
            "  start 1, then drain 4\n");
}

TEST(PlanViewTest, SaysWhoReturnsAndWhoIsHeld) {
  PlannedChange change = planned();
  change.request.command = AppCommand::Rollback;
  change.request.hold = Millis(1000);
  change.plan = {{.leave = {5, 6}, .enter = {3, 4}}};
  EXPECT_EQ(shown(change),
            "web: rollback v2 as generation 7, in 1 step; nothing was touched\n"
            "  return to 3, 4, then hold 5, 6\n");
}

TEST(PlanViewTest, SaysTheShareOfACanary) {
  PlannedChange change = planned();
  change.plan = {{.launch = 1, .leave = {}, .canary = 12.5}};
  EXPECT_EQ(shown(change),
            "web: deploy v2 as generation 7, in 1 step; nothing was touched\n"
            "  start a canary with 12.5% of the new connections\n");
}

TEST(PlanViewTest, IsAnObjectForMachines) {
  PlannedChange change = planned();
  change.plan = {{.launch = 1, .leave = {}, .canary = 10}, {.launch = 1, .leave = {3}, .enter = {2}}};
  EXPECT_EQ(plan_json(change), json::parse(R"({"v":1,"app":"web","command":"deploy","release":"v2",
      "generation":7,"instances":2,"plan":[{"launch":1,"leave":[],"canary":10.0},
      {"launch":1,"leave":[3],"enter":[2]}],"differences":[]})"));
}

}  // namespace
}  // namespace rollctl
