// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/fd.h"
#include "net/group.h"

namespace rollctl {

// A listening socket of an instance. `fd` is a duplicate of the instance's own descriptor; empty where it may
// not be taken and the caller can do without.
struct Listener {
  Fd fd;
  Endpoint bound;
  uint32_t inode = 0;
  std::optional<GroupIdentity> group = {};  // nothing: not known
};

}  // namespace rollctl
