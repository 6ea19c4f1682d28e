// SPDX-License-Identifier: MIT
#include "net/diag_message.h"

#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>

namespace rollctl {
namespace {

constexpr uint32_t kSequence = 7;

// Builds a packet as the kernel sends it.
class Packet {
 public:
  void add(uint16_t type, const void* payload, size_t size, uint32_t sequence = kSequence) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<uint32_t>(NLMSG_LENGTH(size));
    header.nlmsg_type = type;
    header.nlmsg_seq = sequence;
    const size_t start = bytes_.size();
    bytes_.resize(start + NLMSG_ALIGN(header.nlmsg_len));
    std::memcpy(bytes_.data() + start, &header, sizeof header);
    if (size != 0) std::memcpy(bytes_.data() + start + NLMSG_HDRLEN, payload, size);
  }

  void add_code(uint16_t type, int code) {
    nlmsgerr error{};
    error.error = code;
    add(type, &error, sizeof error);
  }

  [[nodiscard]] DiagPacket parse(size_t cut = 0) const {
    return parse_diag_packet(std::span(bytes_).first(bytes_.size() - cut), kSequence);
  }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

inet_diag_msg listener_message() {
  inet_diag_msg message{};
  message.idiag_family = AF_INET;
  message.idiag_state = TCP_LISTEN;
  message.id.idiag_sport = htons(8080);
  message.id.idiag_src[0] = htonl(INADDR_LOOPBACK);
  message.id.idiag_cookie[0] = 0x89abcdef;
  message.id.idiag_cookie[1] = 0x1;
  message.id.idiag_if = 3;
  message.idiag_rqueue = 4;
  message.idiag_wqueue = 128;
  message.idiag_uid = 33;
  message.idiag_inode = 4711;
  return message;
}

TEST(DiagMessageTest, ReadsAListener) {
  Packet packet;
  const inet_diag_msg message = listener_message();
  packet.add(SOCK_DIAG_BY_FAMILY, &message, sizeof message);
  const DiagPacket parsed = packet.parse();
  EXPECT_TRUE(parsed.valid);
  EXPECT_FALSE(parsed.done);
  ASSERT_EQ(parsed.sockets.size(), 1U);
  const DiagSocket& socket = parsed.sockets.front();
  EXPECT_EQ(socket.family, AF_INET);
  EXPECT_EQ(socket.state, TCP_LISTEN);
  EXPECT_EQ(socket.local.text(), "127.0.0.1:8080");
  EXPECT_EQ(socket.cookie, 0x189abcdefU);
  EXPECT_EQ(socket.device, 3);
  EXPECT_EQ(socket.receive_queue, 4U);
  EXPECT_EQ(socket.send_queue, 128U);
  EXPECT_EQ(socket.uid, 33U);
  EXPECT_EQ(socket.inode, 4711U);
}

TEST(DiagMessageTest, ReadsWhetherAListenerTakesIpv6Only) {
  struct {
    inet_diag_msg message = listener_message();
    nlattr attribute{NLA_HDRLEN + 1, INET_DIAG_SKV6ONLY};
    uint8_t v6only = 1;
    uint8_t padding[3]{};
  } payload;
  payload.message.idiag_family = AF_INET6;
  Packet packet;
  packet.add(SOCK_DIAG_BY_FAMILY, &payload, sizeof payload);
  const DiagPacket parsed = packet.parse();
  ASSERT_EQ(parsed.sockets.size(), 1U);
  EXPECT_TRUE(parsed.sockets.front().v6only);
}

TEST(DiagMessageTest, ReadsHowLongAConnectionIsQuiet) {
  struct {
    inet_diag_msg message = listener_message();
    nlattr attribute{NLA_HDRLEN + sizeof(tcp_info), INET_DIAG_INFO};
    tcp_info info{};
  } payload;
  payload.info.tcpi_last_data_sent = 70;
  payload.info.tcpi_last_data_recv = 90;
  Packet packet;
  packet.add(SOCK_DIAG_BY_FAMILY, &payload, sizeof payload);
  ASSERT_EQ(packet.parse().sockets.size(), 1U);
  EXPECT_EQ(packet.parse().sockets.front().quiet, Millis(70));
  payload.attribute.nla_len = NLA_HDRLEN + 20;  // cut off before these members
  Packet cut;
  cut.add(SOCK_DIAG_BY_FAMILY, &payload, sizeof payload);
  ASSERT_EQ(cut.parse().sockets.size(), 1U);
  EXPECT_EQ(cut.parse().sockets.front().quiet, std::nullopt);
}

TEST(DiagMessageTest, EndsWithDone) {
  Packet packet;
  packet.add_code(NLMSG_DONE, 0);
  EXPECT_TRUE(packet.parse().done);
  EXPECT_EQ(packet.parse().os_error, 0);
}

TEST(DiagMessageTest, TellsTheKernelsRefusal) {
  Packet packet;
  packet.add_code(NLMSG_ERROR, -ENOENT);
  EXPECT_TRUE(packet.parse().done);
  EXPECT_EQ(packet.parse().os_error, ENOENT);
}

TEST(DiagMessageTest, TellsOfADumpThatFailedHalfway) {
  Packet packet;
  const int code = -ENOMEM;
  packet.add(NLMSG_DONE, &code, sizeof code);
  EXPECT_EQ(packet.parse().os_error, ENOMEM);
}

TEST(DiagMessageTest, PassesOverAnswersToOlderRequests) {
  Packet packet;
  const inet_diag_msg message = listener_message();
  packet.add(SOCK_DIAG_BY_FAMILY, &message, sizeof message, kSequence - 1);
  packet.add(SOCK_DIAG_BY_FAMILY, &message, sizeof message);
  EXPECT_EQ(packet.parse().sockets.size(), 1U);
}

TEST(DiagMessageTest, DistrustsEveryLength) {
  Packet packet;
  const inet_diag_msg message = listener_message();
  packet.add(SOCK_DIAG_BY_FAMILY, &message, sizeof message);
  for (size_t cut = 1; cut < packet.bytes().size(); ++cut) {
    const DiagPacket parsed = packet.parse(cut);
    EXPECT_TRUE(parsed.sockets.empty()) << cut;
    EXPECT_FALSE(parsed.valid) << cut;
  }
  for (const uint32_t lie : {0U, 15U, 0x7fffffffU, 0x80000010U, 0xffffffffU}) {
    Packet lying = packet;
    std::memcpy(lying.bytes().data(), &lie, sizeof lie);
    EXPECT_FALSE(lying.parse().valid) << lie;
  }
  Packet half;
  half.add(SOCK_DIAG_BY_FAMILY, &message, sizeof message / 2);
  EXPECT_FALSE(half.parse().valid);
  Packet nothing;
  nothing.add(NLMSG_ERROR, nullptr, 0);
  EXPECT_FALSE(nothing.parse().valid);
}

TEST(DiagMessageTest, DistrustsAttributes) {
  struct {
    inet_diag_msg message = listener_message();
    nlattr attribute{60000, INET_DIAG_SKV6ONLY};
    uint32_t padding = ~0U;
  } payload;
  Packet packet;
  packet.add(SOCK_DIAG_BY_FAMILY, &payload, sizeof payload);
  const DiagPacket parsed = packet.parse();
  ASSERT_EQ(parsed.sockets.size(), 1U);
  EXPECT_FALSE(parsed.sockets.front().v6only);
}

TEST(DiagMessageTest, RefusesAnUnknownFamily) {
  Packet packet;
  inet_diag_msg message = listener_message();
  message.idiag_family = AF_UNIX;
  packet.add(SOCK_DIAG_BY_FAMILY, &message, sizeof message);
  EXPECT_FALSE(packet.parse().valid);
}

}  // namespace
}  // namespace rollctl
