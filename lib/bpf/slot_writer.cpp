// SPDX-License-Identifier: MIT
#include "bpf/slot_writer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "bpf/program_attachment.h"
#include "bpf/raw_bpf.h"
#include "bpf/steer_state.h"

namespace rollctl {

namespace {

bool socket_option(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value != 0;
}

struct Slot {
  uint32_t number;
  uint64_t cookie;  // of the listener in it; 0: empty
};

// The slots of the handle that the instance still owns.
Result<std::vector<Slot>> own_slots(const SteeringHandle& handle, InstanceId instance) {
  const auto state = SteerState::map(handle.state.get(), SteerState::Access::Read);
  if (!state) return fail(state.error());
  std::vector<Slot> slots;
  for (const uint32_t number : handle.slots) {
    if (number >= ROLL_STEER_SLOTS || state->owner(number) != instance) continue;
    uint64_t cookie = 0;
    const int failure = raw_bpf::look_up(handle.sockets.get(), &number, &cookie);
    if (failure != 0 && failure != ENOENT)
      return fail(os_failure("cannot look at the steering slots", failure));
    slots.push_back({number, failure == 0 ? cookie : 0});
  }
  return slots;
}

Error no_slot(const SteeringHandle& handle, InstanceId instance) {
  return {ErrorKind::NotFound,
          0,
          "instance " + std::to_string(instance) + " has no steering slot on " + handle.bound.text(),
          {}};
}

}  // namespace

Result<SlotUse> look_at_slots(const SteeringHandle& handle, InstanceId instance) {
  const auto slots = own_slots(handle, instance);
  if (!slots) return fail(slots.error());
  const auto is_filled = [](const Slot& slot) { return slot.cookie != 0; };
  return SlotUse{slots->size(), static_cast<size_t>(std::ranges::count_if(*slots, is_filled))};
}

uint64_t socket_cookie(int fd) {
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  return ::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

Error insert_failure(const Listener& listener, int os_error) {
  const std::string what = "cannot steer connections to the listener on " + listener.bound.text();
  if (os_error == EINVAL && !socket_option(listener.fd.get(), SO_REUSEPORT))
    return {ErrorKind::Unsupported, os_error, what + ": it was opened without SO_REUSEPORT",
            "let the server set SO_REUSEPORT, or choose another `socket` than \"open\""};
  if (os_error == EINVAL && !socket_option(listener.fd.get(), SO_ACCEPTCONN))
    return {ErrorKind::Invalid, os_error, what + ": it does not listen", {}};
  if (os_error == EBUSY)
    return {ErrorKind::Busy, os_error, what + ": another steering still has it", "rollctl recover"};
  return os_failure(what, os_error);
}

Result<SlotWriting> put_into_slots(const SteeringHandle& handle, InstanceId instance,
                                   std::span<const Listener> listeners) {
  auto slots = own_slots(handle, instance);
  if (!slots) return fail(slots.error());
  if (slots->empty()) return fail(no_slot(handle, instance));

  SlotWriting writing;
  std::vector<const Listener*> missing;
  for (const auto& listener : listeners) {
    if (listener.bound != handle.bound) continue;
    const auto there = std::ranges::find(*slots, socket_cookie(listener.fd.get()), &Slot::cookie);
    if (there == slots->end()) {
      missing.push_back(&listener);
    } else {
      slots->erase(there);
      ++writing.placed;
    }
  }
  // Empty ones first: the others have listeners that are not closed yet.
  std::ranges::sort(*slots, {}, [](const Slot& slot) { return std::pair(slot.cookie != 0, slot.number); });
  size_t next = 0;
  for (const Listener* listener : missing) {
    if (next == slots->size()) {
      ++writing.without_slot;
      continue;
    }
    const auto fd = static_cast<uint64_t>(listener->fd.get());
    const int failure = raw_bpf::update(handle.sockets.get(), &(*slots)[next].number, &fd);
    if (failure == EBUSY) {
      ++writing.waiting;
    } else if (failure != 0) {
      return fail(insert_failure(*listener, failure));
    } else {
      ++writing.placed;
      ++next;
    }
  }
  if (writing.placed == 0) return writing;
  // If every member was closed for a moment, the group died with its program, and this listener is in a new
  // one.
  const Listener& any = *std::ranges::find(listeners, handle.bound, &Listener::bound);
  if (auto attached = attach_steer_program(any.fd.get(), handle.program.get()); !attached)
    return fail(attached.error());
  // A process that ends the steering disowns the slots first, then detaches. If it detached before the
  // attachment above, that attachment has to be undone here.
  slots = own_slots(handle, instance);
  if (slots && slots->empty()) {
    if (auto detached = detach_steer_program(any.fd.get()); !detached) return fail(detached.error());
    return fail(no_slot(handle, instance));
  }
  return writing;
}

}  // namespace rollctl
