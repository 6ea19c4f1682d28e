// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"
#include "net/sock_diag.h"

namespace rollctl {

// The kernel puts listening sockets of one network namespace into one SO_REUSEPORT group if all of this is
// equal (inet_reuseport_add_sock() in net/ipv4/inet_hashtables.c).
struct GroupIdentity {
  Endpoint bound;
  bool v6only = false;
  int device = 0;
  uint32_t uid = 0;
  bool mapped = false;  // see ListenSocket: the kernel compares the family, too

  bool operator==(const GroupIdentity&) const = default;
};

GroupIdentity group_of(const ListenSocket& socket);

// A message why connections cannot be handed over from one socket to the other; nothing where both are in one
// group.
std::optional<std::string> explain_difference(const GroupIdentity& old_group, const GroupIdentity& new_group);

}  // namespace rollctl
