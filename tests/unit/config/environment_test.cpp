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

// As python-dotenv and the dotenv of Node read it.
TEST(EnvFileTest, ReadsWhatOthersWrite) {
  const struct {
    const char* text;
    const char* value;  // of A
  } kCases[] = {
      {"\xef\xbb\xbf"
       "A=1\n",
       "1"},
      {"A=x # note\n", "x"},
      {"A=x\t# note", "x"},
      {"A=x#y", "x#y"},
      {"A=#fff", "#fff"},
      {"A= # note", ""},
      {"A=\"x\" # note\nB=2", "x"},
      {"A='x'# note", "x"},
      {"A=\"x # y\"", "x # y"},
      {"export\tA=1", "1"},
      {"export  A=1", "1"},
      {"export=2\nA=1", "1"},
      {"A=\"one\ntwo\"\nB=2", "one\ntwo"},
      {"A='one\n  two'\r\n", "one\n  two"},
      {"A=\"one\r\ntwo\"\r\n", "one\ntwo"},
      {"A=\"one\\\ntwo\"", "onetwo"},
      {"A=\"C:\\dir\"", "C:\\dir"},
      {"A=C:\\new", "C:\\new"},
      {"A=a b  c ", "a b  c"},
      {"A=$HOME ${B}", "$HOME ${B}"},
      {"A=it's", "it's"},
      {"  A =\t'1'  ", "1"},
      {"A=\r\n", ""},
      {"; comment of systemd is none\nA=1", nullptr},
  };
  for (const auto& [text, value] : kCases) {
    const auto result = parse_env_file(text, "web.env");
    ASSERT_EQ(result.has_value(), value != nullptr) << text;
    if (value != nullptr) {
      EXPECT_EQ(result->at("A"), value) << text;
    }
  }
}

TEST(EnvFileTest, NamesFileAndLineOfWhatIsWrong) {
  EXPECT_EQ(error("A=1\nnonsense"), "web.env:2: a line must be NAME=value");
  EXPECT_EQ(error("A=\"x"), "web.env:1: the closing quote is missing");
  EXPECT_EQ(error("A='x' y"), "web.env:1: unexpected text after the closing quote");
  EXPECT_EQ(error("\n=x"), "web.env:2: invalid environment variable name ''");
  EXPECT_EQ(error("ROLL_APP=x"), "web.env:1: ROLL_APP is set by rollctl");
  EXPECT_EQ(error("A=\"one\ntwo\" x"), "web.env:2: unexpected text after the closing quote");
  EXPECT_EQ(error("A='one\ntwo'\nnonsense"), "web.env:3: a line must be NAME=value");
  EXPECT_THAT(error(std::string("A=x\0y", 5)), HasSubstr("NUL"));
}

TEST(SearchPathTest, KeepsWhatIsAbsolute) {
  EXPECT_EQ(clean_search_path("/usr/bin:.::bin:/bin"), "/usr/bin:/bin");
  EXPECT_EQ(clean_search_path(""), kUsualPath);
  EXPECT_EQ(clean_search_path(".:"), kUsualPath);
}

}  // namespace
}  // namespace rollctl::test
