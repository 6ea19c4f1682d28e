// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "base/address.h"
#include "base/clock.h"
#include "base/process_ref.h"
#include "loop/loop.h"
#include "net/sock_diag.h"
#include "steering/aimed_connect.h"

namespace rollctl {

// Connects, finds the process that accepted, and closes and tries again, at most 500 times, until it is one
// of the tree of `server`. A try takes about 0.3 ms with an idle server. The kernel chooses at random: 4
// tries with 4 listeners on average. A server that closes a connection as soon as it accepts it is never
// recognised.
//
// A listener with TCP_DEFER_ACCEPT accepts only after the first byte. If no other process listens there, the
// connection counts as accepted by `server`. Else `opening` is sent first; Unsupported if that is empty.
std::unique_ptr<AimedConnect> connect_to_owner(Loop& loop, std::shared_ptr<SockDiag> diag,
                                               const ProcessId& server, const Endpoint& target,
                                               TimePoint deadline, std::string_view opening,
                                               ConnectDone done);

}  // namespace rollctl
