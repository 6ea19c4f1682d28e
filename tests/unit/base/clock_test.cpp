// SPDX-License-Identifier: MIT
#include "base/clock.h"

#include <gtest/gtest.h>

namespace rollctl {
namespace {

using namespace std::chrono_literals;

TEST(WallTimeTest, IsWrittenInUtcWithMilliseconds) {
  EXPECT_EQ(format_time(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(WallTime(1769860800123ms)), "2026-01-31T12:00:00.123Z");
  EXPECT_EQ(format_time(WallTime(1769860800123ms) + 999us), "2026-01-31T12:00:00.123Z");
}

TEST(WallTimeTest, MayLieBeforeTheEpoch) {
  EXPECT_EQ(format_time(WallTime(-1ms)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(parse_time("1969-12-31T23:59:59.999Z").value(), WallTime(-1ms));
}

TEST(WallTimeTest, IsReadAsItIsWritten) {
  for (const char* text :
       {"2026-01-31T12:00:00.123Z", "2024-02-29T23:59:59.000Z", "1970-01-01T00:00:00.000Z"})
    EXPECT_EQ(format_time(parse_time(text).value()), text);
}

TEST(WallTimeTest, IsReadInNoOtherWay) {
  for (const char* text : {"", "now", "2026-01-31", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123",
                           "2026-02-31T12:00:00.123Z", "2026-13-01T12:00:00.123Z", "2026-01-31T25:00:00.123Z",
                           "2026-01-31T12:00:00.1Z", "2026-1-31T12:00:00.123Z", "2026-01-31T12:00:00.123Z ",
                           " 026-01-31T12:00:00.123Z", "2026-01-31T12:00:-1.123Z"}) {
    const auto time = parse_time(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().kind, ErrorKind::Invalid);
  }
}

}  // namespace
}  // namespace rollctl
