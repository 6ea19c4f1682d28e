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

// Connections from this source go to this position.
struct AimedSource {
  Endpoint source;
  GroupPosition position = kNoPosition;
};

struct WeightedPosition {
  GroupPosition position = kNoPosition;
  double weight = 0;  // positive, relative
};

// At most this many sources fit into one program.
inline constexpr size_t kMostAimedSources = 128;

// A classic BPF program for SO_ATTACH_REUSEPORT_CBPF: sends aimed sources to their positions and spreads all
// others at random by weight; with an empty rotation it sends them to `otherwise`. Pure.
std::vector<sock_filter> build_classic_program(std::span<const AimedSource> aimed,
                                               std::span<const WeightedPosition> rotation,
                                               GroupPosition otherwise);

// Attaches the program to the whole group of a socket, in place of an earlier one; holds for look-ups that
// begin afterwards. Needs no privilege. 10 to 50 µs.
Status attach_classic_program(int listener_fd, std::span<const sock_filter> program);

}  // namespace rollctl
