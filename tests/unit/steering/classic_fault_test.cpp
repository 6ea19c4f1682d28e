// SPDX-License-Identifier: MIT
#include "steering/classic_fault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollctl {
namespace {

using testing::HasSubstr;

TEST(ClassicFaultTest, IsMendedFromACertainVersionOfEachSeriesOn) {
  for (const KernelVersion mended :
       {KernelVersion{5, 10, 259}, KernelVersion{5, 15, 210}, KernelVersion{6, 1, 192},
        KernelVersion{6, 6, 143}, KernelVersion{6, 12, 94}, KernelVersion{6, 18, 36}, KernelVersion{7, 0, 13},
        KernelVersion{7, 1, 0}, KernelVersion{7, 3, 4}, KernelVersion{8, 0, 0}})
    EXPECT_EQ(classic_fault(mended), ClassicFault::Mended) << mended.text();
  for (const KernelVersion faulty :
       {KernelVersion{4, 19, 400}, KernelVersion{5, 10, 258}, KernelVersion{5, 14, 21},
        KernelVersion{6, 1, 175}, KernelVersion{6, 12, 93}, KernelVersion{6, 17, 99},
        KernelVersion{6, 18, 15}, KernelVersion{7, 0, 12}})
    EXPECT_EQ(classic_fault(faulty), ClassicFault::Present) << faulty.text();
}

TEST(ClassicFaultTest, IsSaidOfAKernelThatHasItAndOfOneThatDoesNotTell) {
  EXPECT_EQ(classic_fault_text(KernelVersion{6, 18, 44}), "");
  EXPECT_THAT(classic_fault_text(KernelVersion{6, 18, 15}), HasSubstr("this kernel (6.18.15) can crash"));
  EXPECT_EQ(classic_fault(std::nullopt), ClassicFault::Unknown);
  EXPECT_THAT(classic_fault_text(std::nullopt), HasSubstr("does not tell"));
}

}  // namespace
}  // namespace rollctl
