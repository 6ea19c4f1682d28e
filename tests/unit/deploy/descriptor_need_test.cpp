// SPDX-License-Identifier: MIT
#include "deploy/descriptor_need.h"

#include <gtest/gtest.h>

#include "base/descriptor_limit.h"

namespace rollctl {
namespace {

TEST(DescriptorNeedTest, GrowsWithWhatStandsAndMoreWithWhatIsStarted) {
  const size_t nothing = DescriptorNeed{}.descriptors();
  EXPECT_LT(nothing, 128U);
  const size_t standing = DescriptorNeed{.standing = 128}.descriptors() - nothing;
  const size_t starting = DescriptorNeed{.starting = 128}.descriptors() - nothing;
  EXPECT_GE(standing, 128U);
  EXPECT_GT(starting, standing);
  EXPECT_GT((DescriptorNeed{.starting = 128, .keeps = DescriptorNeed::Keeps::ForEachListener}.descriptors()),
            DescriptorNeed{.starting = 128}.descriptors());
}

TEST(DescriptorNeedTest, IsRefusedWithBothNumbersWhereTheLimitIsLower) {
  EXPECT_TRUE(check_descriptors({}));
  const DescriptorNeed much{.standing = descriptor_limit(), .starting = 3};
  const auto refused = check_descriptors(much);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Unsupported);
  EXPECT_NE(refused.error().message.find(std::to_string(much.descriptors())), std::string::npos);
  EXPECT_NE(refused.error().message.find(std::to_string(descriptor_limit())), std::string::npos);
  EXPECT_NE(refused.error().hint, "");
}

}  // namespace
}  // namespace rollctl
