// SPDX-License-Identifier: MIT
#include "steering/classic_program.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>

namespace rollctl {

namespace {

constexpr auto kNetwork = static_cast<uint32_t>(SKF_NET_OFF);
constexpr auto kRandom = static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM);
// Offsets in the IP header.
constexpr uint32_t kTosOfIpv4 = 1;
constexpr uint32_t kTtlOfIpv4 = 8;
constexpr uint32_t kSourceOfIpv4 = 12;
constexpr uint32_t kTargetOfIpv4 = 16;
constexpr uint32_t kHopLimitOfIpv6 = 7;
constexpr uint32_t kSourceOfIpv6 = 8;
constexpr uint32_t kTargetOfIpv6 = 24;
constexpr uint32_t kVersionBits = 0xf0;
constexpr uint32_t kVersion4 = 0x40;
constexpr uint32_t kVersion6 = 0x60;
// The mark: bits 7 to 10 of the position in the traffic class, bits 0 to 6 in the time to live.
constexpr uint32_t kMarkOfClass = 0x0c;
constexpr uint32_t kPositionInClass = 0xf0;
constexpr uint32_t kClassToPosition = 3;
constexpr uint32_t kMarkOfTtl = 0x80;
constexpr uint32_t kPositionInTtl = 0x7f;
static_assert((kPositionInClass << kClassToPosition | kPositionInTtl) + 1 == kAimablePositions);
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

// A jump to the end of this code, if the comparison fails; its distance is filled in by close_jumps().
constexpr uint8_t kToTheEnd = 0xff;

void require(Code& code, uint16_t comparison, uint32_t operand) {
  code.push_back(jump_if(comparison, operand, 0, kToTheEnd));
}

void close_jumps(Code& code) {
  for (size_t i = 0; i < code.size(); ++i) {
    if (BPF_CLASS(code[i].code) == BPF_JMP && code[i].jf == kToTheEnd)
      code[i].jf = static_cast<uint8_t>(code.size() - i - 1);
  }
}

void require_same_words(Code& code, uint32_t one, uint32_t other, uint32_t count) {
  for (uint32_t word = 0; word < count; ++word) {
    code.push_back(statement(BPF_LD | BPF_W | BPF_ABS, kNetwork + one + 4 * word));
    code.push_back(statement(BPF_MISC | BPF_TAX, 0));
    code.push_back(statement(BPF_LD | BPF_W | BPF_ABS, kNetwork + other + 4 * word));
    code.push_back({BPF_JMP | BPF_JEQ | BPF_X, 0, kToTheEnd, 0});
  }
}

// The answer to a marked packet. `load_class`: makes A the traffic class. A packet without a mark runs to the
// end of the result.
Code aim(const Code& load_class, uint32_t ttl, uint32_t source, uint32_t target, uint32_t words) {
  Code code = load_class;
  code.push_back(statement(BPF_ST, 0));
  code.push_back(statement(BPF_ALU | BPF_AND | BPF_K, kMarkOfClass));
  require(code, BPF_JEQ, kMarkOfClass);
  require_same_words(code, source, target, words);
  code.push_back(statement(BPF_LD | BPF_B | BPF_ABS, kNetwork + ttl));
  require(code, BPF_JSET, kMarkOfTtl);
  code.push_back(statement(BPF_ALU | BPF_AND | BPF_K, kPositionInTtl));
  code.push_back(statement(BPF_MISC | BPF_TAX, 0));
  code.push_back(statement(BPF_LD | BPF_MEM, 0));
  code.push_back(statement(BPF_ALU | BPF_AND | BPF_K, kPositionInClass));
  code.push_back(statement(BPF_ALU | BPF_LSH | BPF_K, kClassToPosition));
  code.push_back(statement(BPF_ALU | BPF_OR | BPF_X, 0));
  code.push_back(statement(BPF_RET | BPF_A, 0));
  close_jumps(code);
  return code;
}

// Packets of the other IP version jump over it.
void append_aim(Code& code, uint32_t version, const Code& aim) {
  code.push_back(statement(BPF_LD | BPF_B | BPF_ABS, kNetwork));
  code.push_back(statement(BPF_ALU | BPF_AND | BPF_K, kVersionBits));
  code.push_back(jump_if(BPF_JEQ, version, 0, static_cast<uint8_t>(aim.size())));
  code.insert(code.end(), aim.begin(), aim.end());
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

std::vector<sock_filter> build_classic_program(std::span<const WeightedPosition> rotation,
                                               GroupPosition otherwise) {
  Code code;
  append_aim(code, kVersion4,
             aim({statement(BPF_LD | BPF_B | BPF_ABS, kNetwork + kTosOfIpv4)}, kTtlOfIpv4, kSourceOfIpv4,
                 kTargetOfIpv4, 1));
  append_aim(code, kVersion6,
             aim({statement(BPF_LD | BPF_H | BPF_ABS, kNetwork), statement(BPF_ALU | BPF_RSH | BPF_K, 4),
                  statement(BPF_ALU | BPF_AND | BPF_K, 0xff)},
                 kHopLimitOfIpv6, kSourceOfIpv6, kTargetOfIpv6, 4));
  append_rotation(code, rotation, otherwise);
  return code;
}

Status aim_client(int client, const Endpoint& target, GroupPosition position) {
  if (position >= kAimablePositions)
    return fail(ErrorKind::Invalid, "cannot aim a connection at listener " + std::to_string(position) +
                                        " of " + target.text() + ": only at the first " +
                                        std::to_string(kAimablePositions));
  const int traffic_class =
      static_cast<int>(((position >> kClassToPosition) & kPositionInClass) | kMarkOfClass);
  const int ttl = static_cast<int>((position & kPositionInTtl) | kMarkOfTtl);
  const bool v4 = target.ip.is_v4();
  const int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (::setsockopt(client, level, v4 ? IP_TOS : IPV6_TCLASS, &traffic_class, sizeof traffic_class) == 0 &&
      ::setsockopt(client, level, v4 ? IP_TTL : IPV6_UNICAST_HOPS, &ttl, sizeof ttl) == 0)
    return {};
  return fail(last_os_failure("cannot aim a connection to " + target.text()));
}

Status attach_classic_program(int listener_fd, std::span<const sock_filter> program) {
  Code code(program.begin(), program.end());
  const sock_fprog whole{static_cast<uint16_t>(code.size()), code.data()};
  if (::setsockopt(listener_fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &whole, sizeof whole) == 0) return {};
  return fail(last_os_failure("cannot attach the classic steering program"));
}

}  // namespace rollctl
