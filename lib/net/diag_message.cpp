// SPDX-License-Identifier: MIT
#include "net/diag_message.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>

namespace rollctl {

namespace {

IpAddress read_address(int family, const __be32 (&words)[4]) {
  if (family == AF_INET) return IpAddress::v4(ntohl(words[0]));
  in6_addr address;
  static_assert(sizeof address == sizeof words);
  std::memcpy(&address, words, sizeof address);
  return IpAddress::v6(address);
}

using Bytes = std::span<const std::byte>;

// The bytes after the first `size` ones and their padding.
Bytes behind(Bytes bytes, size_t size) {
  return bytes.subspan(std::min<size_t>(NLMSG_ALIGN(size), bytes.size()));
}

Bytes payload_of(const nlmsghdr& header) {
  return behind({reinterpret_cast<const std::byte*>(&header), header.nlmsg_len}, sizeof header);
}

// Earlier kernels have a shorter tcp_info, which ends behind these members all the same.
std::optional<Millis> read_quiet(Bytes info) {
  uint32_t sent = 0;
  uint32_t received = 0;
  if (info.size() < offsetof(tcp_info, tcpi_last_data_recv) + sizeof received) return std::nullopt;
  std::memcpy(&sent, info.data() + offsetof(tcp_info, tcpi_last_data_sent), sizeof sent);
  std::memcpy(&received, info.data() + offsetof(tcp_info, tcpi_last_data_recv), sizeof received);
  return Millis(std::min(sent, received));
}

void read_attributes(Bytes attributes, DiagSocket& socket) {
  while (attributes.size() >= sizeof(nlattr)) {
    const auto& attribute = *reinterpret_cast<const nlattr*>(attributes.data());
    if (attribute.nla_len < sizeof(nlattr) || attribute.nla_len > attributes.size()) return;
    const Bytes value = behind(attributes.first(attribute.nla_len), sizeof(nlattr));
    if ((attribute.nla_type & NLA_TYPE_MASK) == INET_DIAG_SKV6ONLY && !value.empty())
      socket.v6only = value.front() != std::byte{0};
    if ((attribute.nla_type & NLA_TYPE_MASK) == INET_DIAG_INFO) socket.quiet = read_quiet(value);
    attributes = behind(attributes, attribute.nla_len);
  }
}

std::optional<DiagSocket> parse_socket(const nlmsghdr& header) {
  const Bytes payload = payload_of(header);
  if (payload.size() < sizeof(inet_diag_msg)) return std::nullopt;
  const auto& message = *reinterpret_cast<const inet_diag_msg*>(payload.data());
  if (message.idiag_family != AF_INET && message.idiag_family != AF_INET6) return std::nullopt;

  DiagSocket socket;
  socket.family = message.idiag_family;
  socket.state = message.idiag_state;
  socket.local = {read_address(socket.family, message.id.idiag_src), ntohs(message.id.idiag_sport)};
  socket.remote = {read_address(socket.family, message.id.idiag_dst), ntohs(message.id.idiag_dport)};
  socket.receive_queue = message.idiag_rqueue;
  socket.send_queue = message.idiag_wqueue;
  socket.uid = message.idiag_uid;
  socket.inode = message.idiag_inode;
  socket.device = static_cast<int>(message.id.idiag_if);
  socket.cookie = uint64_t{message.id.idiag_cookie[1]} << 32 | message.id.idiag_cookie[0];

  read_attributes(behind(payload, sizeof message), socket);
  return socket;
}

// The first message; nothing where its length is wrong.
const nlmsghdr* first_message(Bytes packet) {
  if (packet.size() < sizeof(nlmsghdr)) return nullptr;
  const auto* header = reinterpret_cast<const nlmsghdr*>(packet.data());
  const bool plausible = header->nlmsg_len >= sizeof(nlmsghdr) && header->nlmsg_len <= packet.size();
  return plausible ? header : nullptr;
}

// The errno that a message begins with, negated; nothing where it is too short.
std::optional<int> parse_code(const nlmsghdr& header) {
  int code = 0;
  const Bytes payload = payload_of(header);
  if (payload.size() < sizeof code) return std::nullopt;
  std::memcpy(&code, payload.data(), sizeof code);
  constexpr int kLargestErrno = 4095;
  return code < 0 && code >= -kLargestErrno ? -code : 0;
}

}  // namespace

DiagPacket parse_diag_packet(std::span<const std::byte> packet, uint32_t sequence) {
  DiagPacket result;
  while (const nlmsghdr* header = first_message(packet)) {
    packet = behind(packet, header->nlmsg_len);
    if (header->nlmsg_seq != sequence) continue;
    if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
      // A dump that fails after its start has the errno in its end mark.
      const auto code = parse_code(*header);
      result.done = true;
      result.os_error = code.value_or(0);
      result.valid = code || header->nlmsg_type == NLMSG_DONE;
      return result;
    }
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) continue;
    const auto socket = parse_socket(*header);
    if (!socket) {
      result.valid = false;
      return result;
    }
    result.sockets.push_back(*socket);
  }
  if (!packet.empty()) result.valid = false;
  return result;
}

}  // namespace rollctl
