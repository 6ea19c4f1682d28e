// SPDX-License-Identifier: MIT
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace rollctl {

// A position in a SO_REUSEPORT group, which a classic program returns.
using GroupPosition = uint32_t;

// Beyond the group: makes the kernel hash over all members.
inline constexpr GroupPosition kNoPosition = 0xffffffff;

// Positions that a connection can be aimed at: these fit into its mark.
inline constexpr GroupPosition kAimablePositions = 2048;

struct WeightedPosition {
  GroupPosition position = kNoPosition;
  double weight = 0;  // positive, relative
};

// A classic BPF program for SO_ATTACH_REUSEPORT_CBPF: sends marked connections to the position of their mark
// and spreads all others at random by weight; with an empty rotation it sends them to `otherwise`. Pure.
std::vector<sock_filter> build_classic_program(std::span<const WeightedPosition> rotation,
                                               GroupPosition otherwise);

// Marks a client's socket before it connects: a program of build_classic_program() sends it to that position.
// The mark is a DSCP of the pool for local use (RFC 2474, xxxx11) and a time to live from 128 on; the program
// heeds it only where the source is the destination's address, as on connections within a host. So the
// program needs no change for an aimed connection. No privilege. Invalid from kAimablePositions on.
Status aim_client(int client, const Endpoint& target, GroupPosition position);

// Attaches the program to the whole group of a socket, in place of an earlier one; holds for look-ups that
// begin afterwards. Needs no privilege. 10 to 50 µs. Kernels with CVE-2026-52910 free the earlier program
// while another CPU may still be in it, so replace seldom (base/kernel_version.h).
Status attach_classic_program(int listener_fd, std::span<const sock_filter> program);

}  // namespace rollctl
