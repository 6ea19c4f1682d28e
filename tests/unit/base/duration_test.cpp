// SPDX-License-Identifier: MIT
#include "base/duration.h"

#include <gtest/gtest.h>

namespace rollctl {
namespace {

using namespace std::chrono_literals;

TEST(DurationTest, IsANumberAndAUnit) {
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration("10s").value(), 10s);
  EXPECT_EQ(parse_duration("5m").value(), 5min);
  EXPECT_EQ(parse_duration("1h").value(), 1h);
  EXPECT_EQ(parse_duration("14d").value(), 14 * 24h);
  EXPECT_EQ(parse_duration("0s").value(), 0ms);
}

TEST(DurationTest, IsNothingElse) {
  for (const char* text : {"", "5", "s", "5 s", "5S", "-5s", "+5s", "1.5s", "5s ", " 5s", "5m3s", "1w",
                           "0x5s", "99999999999999999999s"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().kind, ErrorKind::Invalid);
    EXPECT_NE(duration.error().message.find(std::string("'") + text + "'"), std::string::npos);
  }
}

TEST(DurationTest, IsNotLongerThanTenYears) {
  EXPECT_TRUE(parse_duration("87600h"));
  EXPECT_FALSE(parse_duration("87601h"));
  EXPECT_FALSE(parse_duration("9223372036854775807h"));
}

TEST(DurationTest, IsWrittenAsItIsReadInTheLargestWholeUnit) {
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(120s), "2m");
  EXPECT_EQ(format_duration(48h), "48h");
  for (const Millis duration : {1ms, 999ms, 1000ms, 61'000ms, 3'600'000ms, 3'600'001ms})
    EXPECT_EQ(parse_duration(format_duration(duration)).value(), duration);
}

TEST(DurationTest, IsRoundedForPeople) {
  EXPECT_EQ(human_duration(35ms), "35 ms");
  EXPECT_EQ(human_duration(999ms), "999 ms");
  EXPECT_EQ(human_duration(1200ms), "1.2 s");
  EXPECT_EQ(human_duration(200s), "3 min 20 s");
  EXPECT_EQ(human_duration(4h + 10min), "4 h 10 min");
  EXPECT_EQ(human_duration(51h), "2 d 3 h");
}

TEST(DurationTest, NeverRoundsUpToSixtySeconds) {
  EXPECT_EQ(human_duration(59'949ms), "59.9 s");
  EXPECT_EQ(human_duration(59'950ms), "1 min 0 s");
  EXPECT_EQ(human_duration(59'999ms), "1 min 0 s");
}

}  // namespace
}  // namespace rollctl
