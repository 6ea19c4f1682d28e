// SPDX-License-Identifier: MIT
#include "steering/classic_program.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace rollctl {

namespace {

constexpr auto kNetwork = static_cast<uint32_t>(SKF_NET_OFF);
constexpr auto kRandom = static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM);
constexpr uint32_t kSourceOfIpv4 = 12;
constexpr uint32_t kSourceOfIpv6 = 8;
constexpr uint32_t kPortsOfIpv6 = 40;
constexpr uint32_t kVersionBits = 0xf0;
constexpr uint32_t kVersion4 = 0x40;
constexpr uint32_t kVersion6 = 0x60;
constexpr double kAllOfRandom = 4294967296.0;

using Code = std::vector<sock_filter>;

sock_filter statement(uint16_t code, uint32_t operand) {
  return {code, 0, 0, operand};
}

sock_filter jump_if(uint16_t comparison, uint32_t operand, uint8_t skip_if_true, uint8_t skip_if_false) {
  return {static_cast<uint16_t>(BPF_JMP | comparison | BPF_K), skip_if_true, skip_if_false, operand};
}

sock_filter answer(GroupPosition position) {
  return statement(BPF_RET | BPF_K, position);
}

uint32_t word_at(const IpAddress& ip, size_t offset) {
  uint32_t word = 0;
  std::memcpy(&word, ip.bytes.data() + offset, sizeof word);
  return ntohl(word);
}

void aim_ipv4(Code& code, const AimedSource& aimed) {
  code.push_back(statement(BPF_LD | BPF_W | BPF_ABS, kNetwork + kSourceOfIpv4));
  code.push_back(jump_if(BPF_JEQ, word_at(aimed.source.ip, 12), 0, 4));
  // X becomes the length of the IP header, which the ports follow.
  code.push_back(statement(BPF_LDX | BPF_B | BPF_MSH, kNetwork));
  code.push_back(statement(BPF_LD | BPF_H | BPF_IND, kNetwork));
  code.push_back(jump_if(BPF_JEQ, aimed.source.port, 0, 1));
  code.push_back(answer(aimed.position));
}

void aim_ipv6(Code& code, const AimedSource& aimed) {
  for (uint32_t word = 0; word < 4; ++word) {
    code.push_back(statement(BPF_LD | BPF_W | BPF_ABS, kNetwork + kSourceOfIpv6 + 4 * word));
    const auto to_the_next = static_cast<uint8_t>(2 * (3 - word) + 3);
    code.push_back(jump_if(BPF_JEQ, word_at(aimed.source.ip, size_t{4} * word), 0, to_the_next));
  }
  code.push_back(statement(BPF_LD | BPF_H | BPF_ABS, kNetwork + kPortsOfIpv6));
  code.push_back(jump_if(BPF_JEQ, aimed.source.port, 0, 1));
  code.push_back(answer(aimed.position));
}

// Code for sources of one IP version; packets of the other jump over it.
void append_aimed(Code& code, uint32_t version, const Code& sources) {
  if (sources.empty()) return;
  code.push_back(statement(BPF_LD | BPF_B | BPF_ABS, kNetwork));
  code.push_back(statement(BPF_ALU | BPF_AND | BPF_K, kVersionBits));
  code.push_back(jump_if(BPF_JEQ, version, 1, 0));
  code.push_back(statement(BPF_JMP | BPF_JA, static_cast<uint32_t>(sources.size())));
  code.insert(code.end(), sources.begin(), sources.end());
}

void append_rotation(Code& code, std::span<const WeightedPosition> rotation, GroupPosition otherwise) {
  if (rotation.empty()) return code.push_back(answer(otherwise));
  double whole = 0;
  for (const auto& [position, weight] : rotation) whole += weight;
  code.push_back(statement(BPF_LD | BPF_W | BPF_ABS, kRandom));
  double sum = 0;
  for (size_t i = 0; i + 1 < rotation.size(); ++i) {
    sum += rotation[i].weight;
    const double bound = std::clamp(sum / whole * kAllOfRandom + 0.5, 0.0, kAllOfRandom - 1);
    code.push_back(jump_if(BPF_JGE, static_cast<uint32_t>(bound), 1, 0));
    code.push_back(answer(rotation[i].position));
  }
  code.push_back(answer(rotation.back().position));
}

}  // namespace

std::vector<sock_filter> build_classic_program(std::span<const AimedSource> aimed,
                                               std::span<const WeightedPosition> rotation,
                                               GroupPosition otherwise) {
  Code ipv4;
  Code ipv6;
  for (const auto& source : aimed.first(std::min(aimed.size(), kMostAimedSources))) {
    if (source.source.ip.is_v4()) {
      aim_ipv4(ipv4, source);
    } else {
      aim_ipv6(ipv6, source);
    }
  }
  Code code;
  append_aimed(code, kVersion4, ipv4);
  append_aimed(code, kVersion6, ipv6);
  append_rotation(code, rotation, otherwise);
  return code;
}

Status attach_classic_program(int listener_fd, std::span<const sock_filter> program) {
  Code code(program.begin(), program.end());
  const sock_fprog whole{static_cast<uint16_t>(code.size()), code.data()};
  if (::setsockopt(listener_fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &whole, sizeof whole) == 0) return {};
  return fail(last_os_failure("cannot attach the classic steering program"));
}

}  // namespace rollctl
