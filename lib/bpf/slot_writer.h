// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "base/instance_id.h"
#include "bpf/listener.h"
#include "bpf/steering_handle.h"

namespace rollctl {

struct SlotWriting {
  size_t placed = 0;        // listeners that stand in a slot now, those included that already did
  size_t waiting = 0;       // refused for a moment (EBUSY, an earlier steering is being freed): call again
  size_t without_slot = 0;  // more listeners than slots: they stay out of the rotation
};

// What a shim does after its server restarted, with no rollctl around: puts the new listeners into the slots
// that the instance owns, so that the rotation reaches them, and attaches the program again, which died with
// the group if nobody else listened meanwhile. Listeners on another address than the handle's
// are passed over. NotFound where the instance owns none of these slots any more (the steering was ended or
// given to others): let go of the handle then. Invalid for a listener that the kernel does not take: it does
// not listen (any more) or has no SO_REUSEPORT. Never blocks.
//
// Inserting needs the duplicates only for the call; close them afterwards.
Result<SlotWriting> put_into_slots(const SteeringHandle& handle, InstanceId instance,
                                   std::span<const Listener> listeners);

// SO_COOKIE of a socket, the name under which a slot shows its listener; 0 where `fd` is no socket.
uint64_t socket_cookie(int fd);

// Why a listener cannot be steered, for the errno of its insertion.
Error insert_failure(const Listener& listener, int os_error);

}  // namespace rollctl
