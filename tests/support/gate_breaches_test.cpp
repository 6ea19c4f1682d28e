// SPDX-License-Identifier: MIT
#include "support/gate_breaches.h"

#include <gtest/gtest.h>

namespace rollctl::test {
namespace {

using nlohmann::json;

json event(const char* name, bool ready, const char* detail, const char* instance = "1") {
  return {{"release", "v2"}, {"instance", instance}, {"event", name}, {"ready", ready}, {"detail", detail}};
}

const json kGated = event("accept", false, "127.0.0.1:40000");

TEST(GateBreachesTest, ProbesAreNone) {
  EXPECT_EQ(
      gate_breaches({kGated, event("request", false, "/readyz"), kGated, event("request", false, "/readyz"),
                     event("accept", true, "127.0.0.1:40001"), event("request", true, "/")},
                    "v2"),
      0U);
}

TEST(GateBreachesTest, AProbeThatWasCutOrMetReadinessIsNone) {
  EXPECT_EQ(gate_breaches({kGated, event("request", true, "/readyz")}, "v2"), 0U);
  EXPECT_EQ(gate_breaches({kGated, event("request", false, "/readyz"), kGated}, "v2"), 0U);
}

TEST(GateBreachesTest, AClientIsOneAlsoIfItIsSilentOrServedLater) {
  EXPECT_EQ(gate_breaches({kGated, event("request", false, "/")}, "v2"), 1U);
  EXPECT_EQ(gate_breaches({kGated, event("request", true, "/")}, "v2"), 1U);
  EXPECT_EQ(gate_breaches({kGated, kGated, event("request", false, "/readyz")}, "v2"), 1U);
  EXPECT_EQ(gate_breaches({event("request", false, "/")}, "v2"), 1U);
}

TEST(GateBreachesTest, ReleasesAndInstancesAreToldApart) {
  EXPECT_EQ(gate_breaches({kGated, event("accept", false, "127.0.0.1:40001", "2"),
                           event("request", false, "/readyz", "2"), event("request", false, "/readyz")},
                          "v2"),
            0U);
  EXPECT_EQ(gate_breaches({kGated, event("request", false, "/")}, "v1"), 0U);
}

}  // namespace
}  // namespace rollctl::test
