// SPDX-License-Identifier: MIT
#include "roll-httpd/access_log.h"

#include <gtest/gtest.h>

namespace roll {
namespace {

constexpr std::time_t kNow = 1'700'000'000;

TEST(AccessLog, WritesTheCombinedFormatInUtc) {
  LogEntry entry{.peer = "::1",
                 .method = "GET",
                 .target = "/a?b",
                 .version = "HTTP/1.1",
                 .referer = "http://x/",
                 .agent = "curl/7",
                 .status = 206,
                 .bytes = 10};
  EXPECT_EQ(format_log_line(entry, kNow),
            "::1 - - [14/Nov/2023:22:13:20 +0000] \"GET /a?b HTTP/1.1\" 206 10 \"http://x/\" \"curl/7\"\n");
}

TEST(AccessLog, HasADashForWhatIsNotKnown) {
  EXPECT_EQ(format_log_line({.peer = "127.0.0.1", .status = 400}, kNow),
            "127.0.0.1 - - [14/Nov/2023:22:13:20 +0000] \"-\" 400 0 \"-\" \"-\"\n");
}

TEST(AccessLog, LetsNoClientForgeALine) {
  LogEntry entry{.method = "GET", .target = "/\" 200 0\n", .version = "HTTP/1.1", .agent = "a\\\x1b[31m\xff"};
  std::string line = format_log_line(entry, kNow);
  EXPECT_NE(line.find("\"GET /\\x22 200 0\\x0a HTTP/1.1\""), std::string::npos) << line;
  EXPECT_NE(line.find("\"a\\x5c\\x1b[31m\\xff\""), std::string::npos) << line;
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

}  // namespace
}  // namespace roll
