// SPDX-License-Identifier: MIT
#include "libroll/admission.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace roll {
namespace {

Admission::Source source(const std::string& address) {
  sockaddr_storage storage{};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    std::memcpy(&storage, &v4, sizeof v4);
  } else {
    v6.sin6_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr), 1) << address;
    std::memcpy(&storage, &v6, sizeof v6);
  }
  return Admission::source_of(storage);
}

TEST(Admission, EndsAtTheLimitAndGoesOnWhenOneLeaves) {
  Admission admission(2, 0);
  EXPECT_TRUE(admission.enter(source("192.0.2.1")));
  EXPECT_TRUE(admission.enter(source("192.0.2.2")));
  EXPECT_FALSE(admission.enter(source("192.0.2.3")));
  admission.leave(source("192.0.2.1"));
  EXPECT_TRUE(admission.enter(source("192.0.2.3")));
  EXPECT_EQ(admission.count(), 2U);
}

TEST(Admission, CountsEachAddressByItself) {
  Admission admission(0, 1);
  EXPECT_TRUE(admission.enter(source("192.0.2.1")));
  EXPECT_FALSE(admission.enter(source("192.0.2.1")));
  EXPECT_TRUE(admission.enter(source("192.0.2.2")));
  admission.leave(source("192.0.2.1"));
  EXPECT_TRUE(admission.enter(source("192.0.2.1")));
}

TEST(Admission, WithoutLimitsTakesAll) {
  Admission admission(0, 0);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(admission.enter(source("192.0.2.1")));
}

TEST(Admission, TakesAnIpv6NetworkForOneClientAndAMappedAddressForIpv4) {
  EXPECT_EQ(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  EXPECT_NE(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
  EXPECT_EQ(source("::ffff:192.0.2.1"), source("192.0.2.1"));
  EXPECT_NE(source("::ffff:192.0.2.1"), source("192.0.2.2"));
}

}  // namespace
}  // namespace roll
