// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "base/fd.h"
#include "process/shim_client.h"

namespace rollctl {

// A client on a connected socket; `known` is what is known of the instance so far, its spec included. Events
// are delivered from the loop only.
std::unique_ptr<ShimClient> make_shim_client(Loop& loop, Fd connection, InstanceRecord known,
                                             ShimClient::OnEvent on_event);

}  // namespace rollctl
