// SPDX-License-Identifier: MIT
#include "base/address.h"

#include <gtest/gtest.h>

namespace rollctl {
namespace {

Endpoint bound(const char* text) {
  return ListenAddress::parse(text).value().endpoint;
}

TEST(ListenAddressTest, IsAHostAndAPort) {
  const ListenAddress v4 = ListenAddress::parse("127.0.0.1:8080").value();
  EXPECT_EQ(v4.host, ListenAddress::Host::Ip);
  EXPECT_EQ(v4.endpoint, (Endpoint{IpAddress::v4(INADDR_LOOPBACK), 8080}));
  const ListenAddress v6 = ListenAddress::parse("[::1]:80").value();
  EXPECT_EQ(v6.endpoint, (Endpoint{IpAddress::v6(in6addr_loopback), 80}));
  EXPECT_EQ(v6.endpoint.text(), "[::1]:80");
}

TEST(ListenAddressTest, MayNameLocalhost) {
  EXPECT_EQ(ListenAddress::parse("localhost:80").value(), ListenAddress::parse("127.0.0.1:80").value());
}

TEST(ListenAddressTest, MayLeaveTheWildcardToTheServer) {
  for (const char* text : {":8080", "*:8080"}) {
    const ListenAddress address = ListenAddress::parse(text).value();
    EXPECT_EQ(address.host, ListenAddress::Host::AnyWildcard);
    EXPECT_TRUE(address.matches(bound("0.0.0.0:8080")));
    EXPECT_TRUE(address.matches(bound("[::]:8080")));
    EXPECT_FALSE(address.matches(bound("127.0.0.1:8080")));
    EXPECT_FALSE(address.matches(bound("0.0.0.0:8081")));
  }
}

TEST(ListenAddressTest, MatchesExactlyWhatItNames) {
  const ListenAddress any = ListenAddress::parse("0.0.0.0:8080").value();
  EXPECT_TRUE(any.matches(bound("0.0.0.0:8080")));
  EXPECT_FALSE(any.matches(bound("[::]:8080")));
  EXPECT_FALSE(any.matches(bound("127.0.0.1:8080")));
}

TEST(ListenAddressTest, KeepsWhatWasWritten) {
  EXPECT_EQ(ListenAddress::parse("tcp://0.0.0.0:8080").value().text, "0.0.0.0:8080");
  EXPECT_EQ(ListenAddress::parse(":80").value().text, ":80");
}

TEST(ListenAddressTest, SaysWhatIsWrongWithATextThatIsNone) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "no port"},
      {"8080", "no port"},
      {"0.0.0.0", "no port"},
      {"0.0.0.0:", "from 1 to 65535"},
      {"0.0.0.0:0", "from 1 to 65535"},
      {"0.0.0.0:65536", "from 1 to 65535"},
      {"0.0.0.0:-1", "from 1 to 65535"},
      {"0.0.0.0:80x", "from 1 to 65535"},
      {"0.0.0.0:99999999999999", "from 1 to 65535"},
      {"::1:80", "brackets"},
      {"[]:80", "not an IPv6 address"},
      {"[127.0.0.1]:80", "not an IPv6 address"},
      {"[:80", "not a numeric address"},
      {"example.org:80", "not a numeric address"},
      {"256.0.0.1:80", "not a numeric address"},
      {std::string("127.0.0.1\0x:80", 14), "NUL byte"},
  };
  for (const auto& [text, why] : cases) {
    const auto address = ListenAddress::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().kind, ErrorKind::Invalid);
    EXPECT_NE(address.error().message.find(why), std::string::npos) << address.error().message;
  }
}

TEST(ListenAddressTest, RefusesDatagramsWithTheReason) {
  const auto address = ListenAddress::parse("udp://0.0.0.0:53");
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().kind, ErrorKind::Unsupported);
  EXPECT_NE(address.error().hint, "");
}

TEST(ListenAddressTest, IsReachedThroughLoopbackWhereItIsAWildcard) {
  const auto target = [](const char* listen, const char* is_bound) {
    return ListenAddress::parse(listen).value().connect_endpoint(bound(is_bound)).text();
  };
  EXPECT_EQ(target("0.0.0.0:80", "0.0.0.0:80"), "127.0.0.1:80");
  EXPECT_EQ(target("[::]:80", "[::]:80"), "[::1]:80");
  EXPECT_EQ(target(":80", "0.0.0.0:80"), "127.0.0.1:80");
  EXPECT_EQ(target(":80", "[::]:80"), "[::1]:80");
  EXPECT_EQ(target("127.0.0.2:80", "127.0.0.2:80"), "127.0.0.2:80");
}

TEST(EndpointTest, BecomesASocketAddressAndComesBack) {
  for (const char* text : {"127.0.0.1:8080", "[::1]:8080", "[fe80::1]:1"}) {
    sockaddr_storage storage{};
    const socklen_t length = bound(text).to_sockaddr(storage);
    EXPECT_EQ(length, storage.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    EXPECT_EQ(Endpoint::from_sockaddr(storage).value(), bound(text));
  }
}

TEST(EndpointTest, IsOnlyOfTheInternet) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  EXPECT_EQ(Endpoint::from_sockaddr(storage).error().kind, ErrorKind::Unsupported);
}

TEST(IpAddressTest, ShowsAMappedAddressAsIpv4) {
  EXPECT_EQ(bound("[::ffff:10.0.0.1]:80").text(), "10.0.0.1:80");
  EXPECT_TRUE(bound("[::ffff:0.0.0.0]:80").ip.is_unspecified());
}

}  // namespace
}  // namespace rollctl
