// SPDX-License-Identifier: MIT
#include "config/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollctl::test {
namespace {

using testing::HasSubstr;

std::string error(const std::string& text) {
  const auto result = parse_env_file(text, "web.env");
  EXPECT_FALSE(result);
  return result ? std::string() : result.error().message;
}

TEST(EnvFileTest, ReadsNamesAndValues) {
  const auto result = parse_env_file(
      "# comment\n\n A = one two \nB=\"q \\\"x\\\" \\\\ \\$HOME \\n\"\nC='raw \\n $HOME'\nexport "
      "D=d\r\nE=\nF=a=b#c\nA=last",
      "web.env");
  ASSERT_TRUE(result) << result.error().message;
  const Environment expected{
      {"A", "last"}, {"B", "q \"x\" \\ $HOME \n"}, {"C", "raw \\n $HOME"}, {"D", "d"}, {"E", ""},
      {"F", "a=b#c"}};
  EXPECT_EQ(*result, expected);
}

TEST(EnvFileTest, NamesFileAndLineOfWhatIsWrong) {
  EXPECT_EQ(error("A=1\nnonsense"), "web.env:2: a line must be NAME=value");
  EXPECT_EQ(error("A=\"x"), "web.env:1: the closing quote is missing");
  EXPECT_EQ(error("A='x' y"), "web.env:1: unexpected text after the closing quote");
  EXPECT_EQ(error("\n=x"), "web.env:2: invalid environment variable name ''");
  EXPECT_EQ(error("ROLL_APP=x"), "web.env:1: ROLL_APP is set by rollctl");
  EXPECT_THAT(error(std::string("A=x\0y", 5)), HasSubstr("NUL"));
}

TEST(SearchPathTest, KeepsWhatIsAbsolute) {
  EXPECT_EQ(clean_search_path("/usr/bin:.::bin:/bin"), "/usr/bin:/bin");
  EXPECT_EQ(clean_search_path(""), kUsualPath);
  EXPECT_EQ(clean_search_path(".:"), kUsualPath);
}

}  // namespace
}  // namespace rollctl::test
