// SPDX-License-Identifier: MIT
#include "net/diag_message.h"

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <cstring>
#include <optional>

namespace roll {

namespace {

IpAddress read_address(int family, const __be32 (&words)[4]) {
  if (family == AF_INET) return IpAddress::v4(ntohl(words[0]));
  in6_addr address;
  static_assert(sizeof address == sizeof words);
  std::memcpy(&address, words, sizeof address);
  return IpAddress::v6(address);
}

int read_attribute(const nlattr* attribute, void* socket) {
  if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY && mnl_attr_get_payload_len(attribute) >= 1)
    static_cast<DiagSocket*>(socket)->v6only = mnl_attr_get_u8(attribute) != 0;
  return MNL_CB_OK;
}

std::optional<DiagSocket> parse_socket(const nlmsghdr& header) {
  if (mnl_nlmsg_get_payload_len(&header) < sizeof(inet_diag_msg)) return std::nullopt;
  const auto& message = *static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(&header));
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

  mnl_attr_parse(&header, sizeof(inet_diag_msg), &read_attribute, &socket);
  return socket;
}

}  // namespace

DiagPacket parse_diag_packet(std::span<const std::byte> packet, uint32_t sequence) {
  DiagPacket result;
  int left = static_cast<int>(packet.size());
  const auto* header = reinterpret_cast<const nlmsghdr*>(packet.data());
  for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
    if (header->nlmsg_seq != sequence) continue;
    if (header->nlmsg_type == NLMSG_DONE) {
      result.done = true;
      // A dump that fails after it began says so here.
      int code = 0;
      if (mnl_nlmsg_get_payload_len(header) >= sizeof code)
        std::memcpy(&code, mnl_nlmsg_get_payload(header), sizeof code);
      if (code < 0 && code > -4096) result.os_error = -code;
      return result;
    }
    if (header->nlmsg_type == NLMSG_ERROR) {
      result.done = true;
      int code = 0;
      if (mnl_nlmsg_get_payload_len(header) < sizeof(nlmsgerr)) {
        result.valid = false;
        return result;
      }
      std::memcpy(&code, mnl_nlmsg_get_payload(header), sizeof code);
      if (code < 0 && code > -4096) result.os_error = -code;
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
  if (left > 0) result.valid = false;
  return result;
}

}  // namespace roll
