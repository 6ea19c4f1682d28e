// SPDX-License-Identifier: MIT
#include "libroll/listen_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace roll {
namespace {

std::string why_not(std::string_view text) {
  std::string message;
  EXPECT_FALSE(parse_listen_address(text, message)) << text;
  return message;
}

ListenAddress parsed(std::string_view text) {
  std::string message;
  std::optional<ListenAddress> address = parse_listen_address(text, message);
  EXPECT_TRUE(address) << text << ": " << message;
  return address.value_or(ListenAddress{});
}

TEST(ListenAddress, AnIpv4AddressIsTakenLiterally) {
  ListenAddress address = parsed("127.0.0.2:8080");
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.socket_address);
  EXPECT_EQ(v4.sin_family, AF_INET);
  EXPECT_EQ(ntohl(v4.sin_addr.s_addr), 0x7f000002U);
  EXPECT_EQ(ntohs(v4.sin_port), 8080);
  EXPECT_EQ(address.kind, ListenAddress::Kind::Literal);
  EXPECT_EQ(address.text, "127.0.0.2:8080");
}

TEST(ListenAddress, AnIpv6AddressStandsInBrackets) {
  ListenAddress address = parsed("[::1]:443");
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.socket_address);
  EXPECT_EQ(v6.sin6_family, AF_INET6);
  EXPECT_TRUE(IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr));
  EXPECT_EQ(ntohs(v6.sin6_port), 443);
  EXPECT_EQ(why_not("::1:443"), "an IPv6 address stands in brackets: [V6]:PORT");
  EXPECT_EQ(why_not("[localhost]:443"), "no IPv6 address between the brackets");
}

TEST(ListenAddress, APortAloneIsAllAddressesOfBothFamilies) {
  ListenAddress address = parsed(":8080");
  EXPECT_EQ(address.kind, ListenAddress::Kind::AllAddresses);
  EXPECT_EQ(address.socket_address.ss_family, AF_INET6);
}

TEST(ListenAddress, APortIsANumberOf16Bits) {
  EXPECT_EQ(ntohs(reinterpret_cast<const sockaddr_in&>(parsed("0.0.0.0:65535").socket_address).sin_port),
            65535);
  for (const char* text :
       {"0.0.0.0:65536", "0.0.0.0:-1", "0.0.0.0:", "0.0.0.0:80x", "0.0.0.0: 80", "0.0.0.0", "", ":"}) {
    EXPECT_EQ(why_not(text), "want HOST:PORT, [V6]:PORT or :PORT") << text;
  }
}

}  // namespace
}  // namespace roll
