// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "steering/classic_program.h"

namespace rollctl {

// Finds out which position each of these listeners has in its group of `size` members, without any of them
// noticing: one SYN per position is aimed there that carries a TCP MD5 signature (RFC 2385). No key was
// agreed upon, so the kernel drops it before it becomes a handshake and counts it at the listener that it was
// given to (the drop count of SO_MEMINFO). The client is closed before it would send another.
//
// `target`: an address that the group listens on, on this host. `attach`: puts the program with these aimed
// sources into place; the caller attaches its own afterwards. Nothing for a listener that is at none of the
// positions. Failed where that could not be told apart in several tries. 0.05 ms a position.
using AttachAimed = std::function<Status(std::span<const AimedSource>)>;
Result<std::vector<std::optional<GroupPosition>>> find_positions(const Endpoint& target,
                                                                 std::span<const int> listeners, size_t size,
                                                                 const AttachAimed& attach);

// Whether this host can: Unsupported where the kernel does not sign (CONFIG_TCP_MD5SIG).
Status can_find_positions();

}  // namespace rollctl
