// SPDX-License-Identifier: MIT
#include "net/group.h"

#include <gtest/gtest.h>

namespace rollctl {
namespace {

const Endpoint kAnyV4{IpAddress::v4(0), 8080};
const Endpoint kAnyV6{IpAddress{}, 8080};

TEST(GroupTest, IsTheSameForSocketsThatDifferInWhatTheKernelDoesNotCompare) {
  const ListenSocket one{
      .bound = kAnyV4, .inode = 1, .cookie = 1, .uid = 33, .accept_queue = 5, .backlog = 10};
  const ListenSocket other{.bound = kAnyV4, .inode = 2, .cookie = 2, .uid = 33, .backlog = 20};
  EXPECT_EQ(group_of(one), group_of(other));
  EXPECT_FALSE(explain_difference(group_of(one), group_of(other)));
}

TEST(GroupTest, DiffersByWildcard) {
  EXPECT_EQ(
      explain_difference({.bound = kAnyV4}, {.bound = kAnyV6}),
      "the old release listens on 0.0.0.0:8080, the new one on [::]:8080: the kernel keeps these as two "
      "groups, so connections cannot be handed over");
}

TEST(GroupTest, DiffersByUid) {
  EXPECT_EQ(explain_difference({.bound = kAnyV4, .uid = 0}, {.bound = kAnyV4, .uid = 33}),
            "the old release listens on 0.0.0.0:8080 as uid 0, the new one on 0.0.0.0:8080 as uid 33: the "
            "kernel keeps these as two groups, so connections cannot be handed over");
}

TEST(GroupTest, DiffersByV6only) {
  EXPECT_EQ(explain_difference({.bound = kAnyV6, .v6only = true}, {.bound = kAnyV6}),
            "the old release listens on [::]:8080 with IPV6_V6ONLY on, the new one on [::]:8080 with "
            "IPV6_V6ONLY off: the kernel keeps these as two groups, so connections cannot be handed over");
}

// As the JVM opens one IPv4 address.
TEST(GroupTest, DiffersByFamily) {
  EXPECT_EQ(
      explain_difference({.bound = kAnyV4}, {.bound = kAnyV4, .mapped = true}),
      "the old release listens on 0.0.0.0:8080 by an IPv4 socket, the new one on 0.0.0.0:8080 by an IPv6 "
      "socket: the kernel keeps these as two groups, so connections cannot be handed over");
}

TEST(GroupTest, DiffersByDevice) {
  EXPECT_EQ(explain_difference({.bound = kAnyV4}, {.bound = kAnyV4, .device = 2'000'000'000}),
            "the old release listens on 0.0.0.0:8080 of every device, the new one on 0.0.0.0:8080 of device "
            "2000000000: the kernel keeps these as two groups, so connections cannot be handed over");
}

}  // namespace
}  // namespace rollctl
