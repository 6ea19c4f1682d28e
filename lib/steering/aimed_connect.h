// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "loop/loop.h"
#include "net/sock_diag.h"
#include "steering/steering.h"

namespace rollctl {

using ConnectDone = std::function<void(Result<Fd>)>;

// Tells a steering program where connections from this source go, until the result goes.
using Announce = std::function<Result<std::shared_ptr<void>>(const Endpoint& source)>;

// Connects from a source that is announced before the SYN; the announcement is taken back once it is
// connected. `announce` is called within this call only.
std::unique_ptr<AimedConnect> connect_announced(Loop& loop, const Announce& announce, const Endpoint& target,
                                                TimePoint deadline, ConnectDone done);

// Connects so that the steering program hands the connection to `slot`: announces its source address and port
// in the map `probes` before the SYN, and takes the announcement back once it is connected.
std::unique_ptr<AimedConnect> connect_to_slot(Loop& loop, Fd probes, uint32_t slot, const Endpoint& target,
                                              TimePoint deadline, ConnectDone done);

// Connects, and looks which process accepted; closes and tries again, at most 500 times, until it is one of
// the tree of `server`. One try takes about 0.3 ms when the server is idle, and the kernel's choice is
// random: 4 tries with 4 listeners. A server that closes at once what it accepts is never recognised.
std::unique_ptr<AimedConnect> connect_to_owner(Loop& loop, std::shared_ptr<SockDiag> diag,
                                               const ProcessId& server, const Endpoint& target,
                                               TimePoint deadline, ConnectDone done);

// Fails from the loop, for what is known to be impossible before anything was tried.
std::unique_ptr<AimedConnect> fail_to_connect(Loop& loop, Error error, ConnectDone done);

}  // namespace rollctl
