// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "base/instance_id.h"
#include "base/result.h"
#include "bpf/listener.h"
#include "bpf/steering_handle.h"

namespace rollctl {

struct SlotWriting {
  size_t placed = 0;        // listeners that are in a slot now, or were already
  size_t waiting = 0;       // EBUSY: the kernel is still freeing an earlier steering; call again
  size_t without_slot = 0;  // in excess of the slots: outside the rotation
};

// For a shim whose server opened listeners anew: puts them into the slots that the instance owns, so
// that the rotation reaches them, and attaches the program again, which may have died with the group.
// Listeners on other addresses than the handle's are ignored. NotFound where the instance owns none of the
// slots, because the steering was ended or the slots given to others: drop the handle then. Invalid for a
// listener that does not listen or has no SO_REUSEPORT. Never blocks. The caller can close the duplicates
// afterwards.
Result<SlotWriting> put_into_slots(const SteeringHandle& handle, InstanceId instance,
                                   std::span<const Listener> listeners);

// The slots of the handle that the instance still owns. Never blocks.
Result<SlotUse> look_at_slots(const SteeringHandle& handle, InstanceId instance);

// SO_COOKIE of a socket, as a look-up of its slot returns; 0 where `fd` is no socket.
uint64_t socket_cookie(int fd);

// The error for an errno of inserting a listener into a slot.
Error insert_failure(const Listener& listener, int os_error);

}  // namespace rollctl
