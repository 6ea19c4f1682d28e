// SPDX-License-Identifier: MIT
#include "steering/listener_retirement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollctl::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Member = ListenerRetirement::Member;

Member serving(GroupPosition position) {
  return {.cookie = 100 + position, .position = position, .serves = true};
}

Member abandoned(GroupPosition position) {
  return {.cookie = 100 + position, .position = position, .abandoned = true};
}

Member gated(GroupPosition position) {
  return {.cookie = 100 + position, .position = position};
}

TEST(ListenerRetirementTest, PinsTheLowestThatServesAndClosesFromTheEnd) {
  const ListenerRetirement retirement({abandoned(0), serving(1), serving(2), abandoned(3), abandoned(4)}, 5);
  EXPECT_EQ(retirement.pinned_position(), 1U);
  EXPECT_THAT(retirement.close_order(), ElementsAre(104, 103, 100));
}

TEST(ListenerRetirementTest, PinsAnAbandonedListenerWhereNoneServes) {
  const ListenerRetirement retirement({gated(0), abandoned(1), abandoned(2)}, 3);
  EXPECT_EQ(retirement.pinned_position(), 2U);
  EXPECT_THAT(retirement.close_order(), IsEmpty()) << "the pinned one would move, and a gated one is left";
}

TEST(ListenerRetirementTest, MovesThePinnedMemberWhereNoGatedOneIsLeft) {
  const ListenerRetirement retirement({abandoned(0), serving(1)}, 2);
  EXPECT_THAT(retirement.close_order(), ElementsAre(100));
}

TEST(ListenerRetirementTest, DoesNotMoveThePinnedMemberBesideAnotherProcesssListener) {
  const ListenerRetirement retirement({abandoned(0), serving(2)}, 3);
  EXPECT_THAT(retirement.close_order(), IsEmpty());
}

TEST(ListenerRetirementTest, ClosesNothingWithoutAMemberToPin) {
  const ListenerRetirement retirement({gated(0)}, 1);
  EXPECT_FALSE(retirement.pinned_position());
  EXPECT_THAT(retirement.close_order(), IsEmpty());
}

}  // namespace
}  // namespace rollctl::test
