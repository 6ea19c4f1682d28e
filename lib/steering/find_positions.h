// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "steering/classic_program.h"

namespace rollctl {

// Finds the position of each of these listeners in its group of `size` members, without any server noticing:
// one SYN per position is aimed there that carries a TCP MD5 signature (RFC 2385). The listener has no key,
// so the kernel drops the SYN before it becomes a handshake, and counts it at that listener (drops in
// SO_MEMINFO). The client is closed before it would send the SYN again. A program of build_classic_program()
// must be attached to the group.
//
// `target`: an address on this host that the group listens on. Nothing for a listener that is at none of the
// positions. Failed where several tries were ambiguous, or the kernel was too busy to handle a SYN. 0.1 ms a
// position.
Result<std::vector<std::optional<GroupPosition>>> find_positions(const Endpoint& target,
                                                                 std::span<const int> listeners, size_t size);

// Unsupported where the kernel has no TCP MD5 signatures (CONFIG_TCP_MD5SIG).
Status can_find_positions();

}  // namespace rollctl
