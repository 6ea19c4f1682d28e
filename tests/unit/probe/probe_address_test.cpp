// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "probe/connector.h"

namespace rollctl::test {
namespace {

TEST(ProbeAddressTest, ReadsTcpAndUnixAddresses) {
  EXPECT_EQ(ProbeAddress::parse("127.0.0.1:9001")->endpoint.text(), "127.0.0.1:9001");
  EXPECT_EQ(ProbeAddress::parse("[::1]:9001")->endpoint.text(), "[::1]:9001");
  EXPECT_EQ(ProbeAddress::parse("localhost:9001")->endpoint.text(), "127.0.0.1:9001");
  EXPECT_EQ(ProbeAddress::parse("unix:/run/web.sock")->unix_path, "/run/web.sock");
}

TEST(ProbeAddressTest, ReachesAWildcardOverTheLoopback) {
  EXPECT_EQ(ProbeAddress::parse(":9001")->endpoint.text(), "127.0.0.1:9001");
  EXPECT_EQ(ProbeAddress::parse("0.0.0.0:9001")->endpoint.text(), "127.0.0.1:9001");
  EXPECT_EQ(ProbeAddress::parse("[::]:9001")->endpoint.text(), "[::1]:9001");
}

TEST(ProbeAddressTest, RefusesWhatNobodyCanConnectTo) {
  const std::string too_long = "unix:/" + std::string(200, 'x');
  for (const std::string& text :
       {std::string("9001"), std::string("example.org:80"), std::string("unix:web.sock"),
        std::string("udp://127.0.0.1:53"), std::string("127.0.0.1:0"), too_long}) {
    const auto address = ProbeAddress::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().kind, ErrorKind::Invalid);
    EXPECT_NE(address.error().message.find(text), std::string::npos);
  }
}

TEST(ProbeKindTest, HasANameForEachKind) {
  for (const char* name : {"http", "https", "tcp", "exec", "notify", "listen"})
    EXPECT_STREQ(probe_kind_name(*parse_probe_kind(name)), name);
  EXPECT_EQ(parse_probe_kind("HTTP").error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace rollctl::test
