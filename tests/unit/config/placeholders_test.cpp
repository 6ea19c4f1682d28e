// SPDX-License-Identifier: MIT
#include "config/placeholders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollctl::test {
namespace {

using testing::HasSubstr;

class PlaceholdersTest : public testing::Test {
 protected:
  PlaceholdersTest() {
    placeholders_.set("release", "v2");
    placeholders_.set("instance", "12");
    placeholders_.set_addresses({*ListenAddress::parse("0.0.0.0:8080")});
  }
  std::string error(std::string_view text) {
    const auto result = placeholders_.expand(text);
    EXPECT_FALSE(result) << *result;
    return result ? std::string() : result.error().message;
  }
  Placeholders placeholders_;
};

TEST_F(PlaceholdersTest, Expand) {
  EXPECT_EQ(*placeholders_.expand("/srv/{release}/bin-{instance}"), "/srv/v2/bin-12");
  EXPECT_EQ(*placeholders_.expand("{listen} {listen.0} {port} {port.0}"),
            "0.0.0.0:8080 0.0.0.0:8080 8080 8080");
  EXPECT_EQ(*placeholders_.expand(""), "");
  EXPECT_EQ(*placeholders_.expand("plain"), "plain");
}

TEST_F(PlaceholdersTest, TakeDoubledBracesForBraces) {
  EXPECT_EQ(*placeholders_.expand("{{release}} {{}} }}{{ {{{release}}}"), "{release} {} }{ {v2}");
}

TEST_F(PlaceholdersTest, AreNotExpandedTwice) {
  placeholders_.set("release", "{instance}");
  EXPECT_EQ(*placeholders_.expand("{release}"), "{instance}");
}

TEST_F(PlaceholdersTest, NameTheTextTheUnknownAndTheNearest) {
  EXPECT_EQ(error("/srv/{relase}"),
            "\"/srv/{relase}\" has the unknown placeholder {relase}; did you mean {release}?");
  EXPECT_THAT(error("{}"), HasSubstr("unknown placeholder {}"));
  EXPECT_THAT(error("{Release}"), HasSubstr("did you mean {release}?"));
}

TEST_F(PlaceholdersTest, RefuseBracesWithoutAPartner) {
  for (const char* text : {"{", "}", "{release", "release}", "{a{b}", "{{{", "}}}", "x}y"})
    EXPECT_THAT(error(text), HasSubstr("has an unmatched '")) << text;
}

TEST_F(PlaceholdersTest, WantAnIndexWhereThereAreSeveralAddresses) {
  placeholders_ = {};
  placeholders_.set_addresses({*ListenAddress::parse(":80"), *ListenAddress::parse("[::1]:443")});
  EXPECT_EQ(*placeholders_.expand("{listen.1} {port.0}"), "[::1]:443 80");
  EXPECT_EQ(
      error("--listen={listen}"),
      "{listen} in \"--listen={listen}\" is ambiguous with 2 addresses: write {listen.0} to {listen.1}");
  EXPECT_THAT(error("{port}"), HasSubstr("write {port.0} to {port.1}"));
  EXPECT_THAT(error("{port.2}"), HasSubstr("did you mean {port."));
}

TEST_F(PlaceholdersTest, AreFoundWhereTheyStandAndNotWhereTheyAreQuoted) {
  EXPECT_TRUE(mentions_placeholder("a{release}b", "release"));
  EXPECT_FALSE(mentions_placeholder("a{{release}}b", "release"));
  EXPECT_FALSE(mentions_placeholder("release", "release"));
}

TEST_F(PlaceholdersTest, LeaveAlonePathsWithBracesThatWereProtected) {
  EXPECT_EQ(*placeholders_.expand(without_placeholders("/a{release}/}{b")), "/a{release}/}{b");
}

}  // namespace
}  // namespace rollctl::test
