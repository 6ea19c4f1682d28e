// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"
#include "net/sock_diag.h"

namespace rollctl {

// What makes the kernel put listening sockets into one SO_REUSEPORT group, within a network namespace: all of
// this has to be the same (inet_reuseport_add_sock() in net/ipv4/inet_hashtables.c).
struct GroupIdentity {
  Endpoint bound;  // the family with it
  bool v6only = false;
  int device = 0;
  uint32_t uid = 0;

  bool operator==(const GroupIdentity&) const = default;
};

GroupIdentity group_of(const ListenSocket& socket);

// Why connections cannot be handed over from one socket to the other, for people; nothing where both are of
// one group.
std::optional<std::string> explain_difference(const GroupIdentity& old_group, const GroupIdentity& new_group);

}  // namespace rollctl
