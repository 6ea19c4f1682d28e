// SPDX-License-Identifier: MIT
#include "roll-httpd/request_path.h"

#include <gtest/gtest.h>

namespace roll {
namespace {

using namespace std::string_view_literals;

RequestPath file(std::string path) {
  return {std::move(path), PathKind::File};
}
RequestPath directory(std::string path) {
  return {std::move(path), PathKind::Directory};
}

TEST(RequestPath, IsRelativeToTheRoot) {
  EXPECT_EQ(parse_request_path("/"), directory(""));
  EXPECT_EQ(parse_request_path("/a"), file("a"));
  EXPECT_EQ(parse_request_path("/a/b.txt"), file("a/b.txt"));
  EXPECT_EQ(parse_request_path("/a/b/"), directory("a/b"));
}

TEST(RequestPath, EndsBeforeAQueryOrAFragment) {
  EXPECT_EQ(parse_request_path("/a?b=/../c"), file("a"));
  EXPECT_EQ(parse_request_path("/a/?b"), directory("a"));
  EXPECT_EQ(parse_request_path("/a#b"), file("a"));
  EXPECT_EQ(query_of("/a?b=c?d#e"), "?b=c?d");
  EXPECT_EQ(query_of("/a"), "");
}

TEST(RequestPath, MayComeWithItsHost) {
  EXPECT_EQ(parse_request_path("http://example.org/a/b"), file("a/b"));
  EXPECT_EQ(parse_request_path("HTTPS://example.org:8443"), directory(""));
  EXPECT_EQ(parse_request_path("http://example.org?q=/x"), directory(""));
}

TEST(RequestPath, LosesEmptyAndDotSegments) {
  EXPECT_EQ(parse_request_path("//a//b"), file("a/b"));
  EXPECT_EQ(parse_request_path("/./a/./b"), file("a/b"));
  EXPECT_EQ(parse_request_path("/a/."), directory("a"));
  EXPECT_EQ(parse_request_path("/%2e/a"), file("a"));
}

TEST(RequestPath, IsDecodedOnceAndOnlyByPercent) {
  EXPECT_EQ(parse_request_path("/a%20b"), file("a b"));
  EXPECT_EQ(parse_request_path("/a+b"), file("a+b"));
  EXPECT_EQ(parse_request_path("/%c3%A4"), file("\xc3\xa4"));
  EXPECT_EQ(parse_request_path("/%252e%252e"), file("%2e%2e"));
  EXPECT_EQ(parse_request_path("/%3f"), file("?"));
}

TEST(RequestPath, NeverClimbs) {
  for (const char* target :
       {"/..", "/../a", "/a/..", "/a/../b", "/a/../../b", "/%2e%2e/a", "/.%2E/a", "/%2e./a", "/a/%2E%2e"}) {
    EXPECT_EQ(parse_request_path(target), std::nullopt) << target;
  }
  EXPECT_EQ(parse_request_path("/..."), file("..."));
  EXPECT_EQ(parse_request_path("/..a"), file("..a"));
}

TEST(RequestPath, RefusesWhatNoHonestClientSends) {
  for (std::string_view target : {""sv, "a"sv, "*"sv, "?a"sv, "ftp://example.org/a"sv, "/a%"sv, "/a%2"sv,
                                  "/a%zz"sv, "/a%00"sv, "/a\0b"sv, "/a%2fb"sv, "/a%2Fb"sv, "/..%2fa"sv}) {
    EXPECT_EQ(parse_request_path(target), std::nullopt) << target;
  }
}

TEST(RequestPath, IsEscapedSoThatItIsReadBackTheSame) {
  EXPECT_EQ(escape_path("a b/\xc3\xa4?.txt"), "a%20b/%C3%A4%3F.txt");
  EXPECT_EQ(escape_path("a\r\nb"), "a%0D%0Ab");
  std::string all;
  for (int c = 1; c < 256; ++c) {
    if (c != '/') all += static_cast<char>(c);
  }
  EXPECT_EQ(parse_request_path("/" + escape_path(all)), file(all));
}

}  // namespace
}  // namespace roll
