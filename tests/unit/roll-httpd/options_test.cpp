// SPDX-License-Identifier: MIT
#include "roll-httpd/options.h"

#include <gtest/gtest.h>

namespace roll {
namespace {

using namespace std::chrono_literals;

std::variant<HttpdOptions, EarlyExit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "roll-httpd");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

HttpdOptions parsed(const std::vector<const char*>& arguments) {
  auto result = parse(arguments);
  if (auto* early = std::get_if<EarlyExit>(&result)) {
    ADD_FAILURE() << early->text;
    return {};
  }
  return std::get<HttpdOptions>(result);
}

TEST(HttpdOptions, HaveDefaultsThatServeThisDirectoryLocally) {
  HttpdOptions options = parsed({});
  EXPECT_EQ(options.listen, std::vector<std::string>{"127.0.0.1:8080"});
  EXPECT_EQ(options.root, ".");
  EXPECT_EQ(options.index, std::vector<std::string>{"index.html"});
  EXPECT_EQ(options.keep_alive, 75s);
  EXPECT_EQ(options.drain_grace, 5s);
  EXPECT_EQ(options.head_timeout, 10s);
  EXPECT_EQ(options.body_timeout, 10s);
  EXPECT_EQ(options.max_connections, 10'000U);
  EXPECT_EQ(options.max_connections_per_address, 0U);
  EXPECT_EQ(options.rate, 0U);
  EXPECT_EQ(options.access_log, "");
}

TEST(HttpdOptions, AreTakenFromTheCommandLine) {
  HttpdOptions options = parsed({"--listen",      ":80", "--listen",     "[::1]:81", "--root",        "/srv",
                                 "--index",       "a",   "--index",      "b",        "--release",     "v2",
                                 "--access-log",  "-",   "--keep-alive", "500ms",    "--drain-grace", "1m",
                                 "--ready-after", "0s",  "--rate",       "20MB"});
  EXPECT_EQ(options.listen, (std::vector<std::string>{":80", "[::1]:81"}));
  EXPECT_EQ(options.root, "/srv");
  EXPECT_EQ(options.index, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.release, "v2");
  EXPECT_EQ(options.access_log, "-");
  EXPECT_EQ(options.keep_alive, 500ms);
  EXPECT_EQ(options.drain_grace, 60s);
  EXPECT_EQ(options.rate, 20U * 1024 * 1024);
}

TEST(HttpdOptions, LimitWhatAClientMayHold) {
  HttpdOptions options = parsed({"--head-timeout", "3s", "--body-timeout", "0s", "--max-connections", "200",
                                 "--max-connections-per-address", "20"});
  EXPECT_EQ(options.head_timeout, 3s);
  EXPECT_EQ(options.body_timeout, 0s);
  EXPECT_EQ(options.max_connections, 200U);
  EXPECT_EQ(options.max_connections_per_address, 20U);
}

TEST(HttpdOptions, TakeTheReleaseFromTheEnvironmentUnlessItIsGiven) {
  setenv("ROLL_RELEASE", "v7", 1);
  EXPECT_EQ(parsed({}).release, "v7");
  EXPECT_EQ(parsed({"--release", "v8"}).release, "v8");
  unsetenv("ROLL_RELEASE");
  EXPECT_EQ(parsed({}).release, "");
}

TEST(HttpdOptions, EndWithStatus2WhenWrong) {
  using Arguments = std::vector<const char*>;
  for (const Arguments& wrong :
       {Arguments{"--bogus"}, Arguments{"stray"}, Arguments{"--keep-alive", "10"},
        Arguments{"--keep-alive", "-1s"}, Arguments{"--rate", "fast"}, Arguments{"--release", "a\r\nb"},
        Arguments{"--listen"}, Arguments{"--head-timeout", "10"}, Arguments{"--body-timeout", "-1s"},
        Arguments{"--max-connections", "-1"}, Arguments{"--max-connections", "many"},
        Arguments{"--max-connections-per-address", "-1"}}) {
    auto result = parse(wrong);
    auto* early = std::get_if<EarlyExit>(&result);
    ASSERT_NE(early, nullptr) << wrong.back();
    EXPECT_EQ(early->status, 2);
    EXPECT_EQ(early->text.rfind("roll-httpd: ", 0), 0U) << early->text;
  }
}

TEST(HttpdOptions, EndWithStatus0AfterHelpAndVersion) {
  for (const char* option : {"--help", "--version"}) {
    auto result = parse({option});
    auto* early = std::get_if<EarlyExit>(&result);
    ASSERT_NE(early, nullptr);
    EXPECT_EQ(early->status, 0);
    EXPECT_NE(early->text.find("roll-httpd"), std::string::npos) << early->text;
  }
}

}  // namespace
}  // namespace roll
