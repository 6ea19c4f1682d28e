// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "loop/loop.h"
#include "steering/steering.h"

namespace rollctl {

using ConnectDone = std::function<void(Result<Fd>)>;

// Sends `opening` on the connected socket, then calls `done`.
ConnectDone send_when_connected(std::string_view opening, ConnectDone done);

// Makes a steering program aim this client, which is bound and not yet connected; destroying the result ends
// that.
using Aim = std::function<Result<std::shared_ptr<void>>(int client)>;

// Connects a client that is aimed before its SYN, and as long as the result stands, which includes what is
// asked on the connection. `aim` is called within this call only.
std::unique_ptr<AimedConnect> connect_aimed(Loop& loop, const Aim& aim, const Endpoint& target,
                                            TimePoint deadline, ConnectDone done);

// Connects so that the eBPF program gives the connection to `slot`: announces the source address and port in
// the map `probes`. While the result stands, the connection does not migrate to another instance.
std::unique_ptr<AimedConnect> connect_to_slot(Loop& loop, Fd probes, uint32_t slot, const Endpoint& target,
                                              TimePoint deadline, ConnectDone done);

// Reports this error from the loop.
std::unique_ptr<AimedConnect> fail_to_connect(Loop& loop, Error error, ConnectDone done);

}  // namespace rollctl
