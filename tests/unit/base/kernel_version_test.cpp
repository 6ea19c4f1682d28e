// SPDX-License-Identifier: MIT
#include "base/kernel_version.h"

#include <gtest/gtest.h>

namespace rollctl {
namespace {

struct Names {
  const char* release;
  const char* version;
  const char* upstream;  // "" for none
};

TEST(KernelVersionTest, IsTheOneOfKernelOrgWhateverADistributionCallsIt) {
  for (const auto& [release, version, upstream] :
       {Names{"6.1.0-57-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-3 (2026-10-01)", "6.1.192"},
        Names{"6.12.118+deb13-rt-amd64", "#1 SMP PREEMPT_RT Debian 6.12.118-1 (2026-11-02)", "6.12.118"},
        Names{"7.3.4+deb13-cloud-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 7.3.4-1~bpo13+1 (2026-11-15)",
              "7.3.4"},
        Names{"6.18.44-fc-v669", "#1 SMP Mon Nov 2 2026", "6.18.44"},
        Names{"6.1.128-136.201.amzn2023.x86_64", "#1 SMP PREEMPT_DYNAMIC", "6.1.128"},
        Names{"7.1-rc3", "#2 SMP", "7.1.0"},
        Names{"6.8.0-31-generic", "#31-Ubuntu SMP PREEMPT_DYNAMIC Sat Apr 20 2024", ""},
        Names{"5.14.0-427.13.1.el9_4.x86_64", "#1 SMP PREEMPT_DYNAMIC", ""}, Names{"custom", "#1", ""}}) {
    const auto found = upstream_version(release, version);
    EXPECT_EQ(found ? found->text() : "", upstream) << release;
  }
}

TEST(KernelVersionTest, NumbersAreComparedNotTheirDigits) {
  EXPECT_LT((KernelVersion{5, 9, 200}), (KernelVersion{5, 10, 0}));
}

}  // namespace
}  // namespace rollctl
