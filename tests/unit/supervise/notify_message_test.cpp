// SPDX-License-Identifier: MIT
#include "supervise/notify_message.h"

#include <gtest/gtest.h>

namespace rollctl::test {
namespace {

TEST(NotifyMessageTest, ReadsWhatItKnowsAndLeavesTheRest) {
  const auto message = parse_notify("MAINPID=4\nREADY=1\nSTATUS=serving\nFDSTORE=1\nnonsense\n");
  EXPECT_TRUE(message.ready);
  EXPECT_EQ(message.status, "serving");
  EXPECT_FALSE(message.extend_timeout);
}

TEST(NotifyMessageTest, OnlyReadyEquals1IsReady) {
  EXPECT_FALSE(parse_notify("READY=0").ready);
  EXPECT_FALSE(parse_notify("READY=").ready);
  EXPECT_FALSE(parse_notify("XREADY=1").ready);
  EXPECT_FALSE(parse_notify("READY").ready);
  EXPECT_FALSE(parse_notify("").ready);
}

TEST(NotifyMessageTest, AStatusHasNoControlCharacters) {
  EXPECT_EQ(parse_notify("STATUS=\x1b[31mred\x07\r\tend\x7f").status, "[31mredend");
  EXPECT_EQ(parse_notify("STATUS=a\xc2\x9b"
                         "31mb")
                .status,
            "a31mb");
}

TEST(NotifyMessageTest, AStatusKeepsItsLetters) {
  EXPECT_EQ(parse_notify("STATUS=für 3 €, 😀").status, "für 3 €, 😀");
}

TEST(NotifyMessageTest, ALongStatusIsCutBetweenTwoCharacters) {
  std::string text = "STATUS=";
  for (size_t i = 0; i < kMaxStatusText; ++i) text += "€";
  const auto status = parse_notify(text).status;
  EXPECT_LE(status->size(), kMaxStatusText);
  EXPECT_EQ(status->size() % 3, 0U);
}

TEST(NotifyMessageTest, AnEmptyStatusEndsTheLastOne) {
  EXPECT_EQ(parse_notify("STATUS=").status, "");
}

TEST(NotifyMessageTest, ExtensionsAreBounded) {
  EXPECT_EQ(parse_notify("EXTEND_TIMEOUT_USEC=1500000").extend_timeout, Millis(1500));
  EXPECT_EQ(parse_notify("EXTEND_TIMEOUT_USEC=99999999999999999999999").extend_timeout,
            std::chrono::hours(24));
  EXPECT_FALSE(parse_notify("EXTEND_TIMEOUT_USEC=-1").extend_timeout);
  EXPECT_FALSE(parse_notify("EXTEND_TIMEOUT_USEC=1s").extend_timeout);
}

TEST(NotifyMessageTest, ReadsTheMainProcess) {
  EXPECT_EQ(parse_notify("READY=1\nMAINPID=4711").main_pid, 4711);
  for (const char* text : {"MAINPID=", "MAINPID=0", "MAINPID=-1", "MAINPID=1x", "MAINPID=99999999999"})
    EXPECT_FALSE(parse_notify(text).main_pid) << text;
  EXPECT_FALSE(parse_notify("EXTEND_TIMEOUT_USEC=").extend_timeout);
}

}  // namespace
}  // namespace rollctl::test
