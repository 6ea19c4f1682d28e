// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// The listening sockets that a shim opens for a server that inherits them, one per address, in their order.
// They belong to this process's own user, whoever the server is. While one is open here it stays in its
// SO_REUSEPORT group, and connections wait in it, even with no server there.
class InheritedSockets {
 public:
  struct Socket {
    Fd fd;
    Endpoint bound;
    uint32_t inode = 0;
  };

  // `addresses` must outlive this object; with none there is nothing to do.
  explicit InheritedSockets(const std::vector<ListenAddress>& addresses) : addresses_(addresses) {}

  // Opens those that are not open and makes all of them fit for a new server: an earlier one may have set
  // O_NONBLOCK, which they all share, or shut a socket down, which ends it for good.
  Status open();

  // Lets go of them; a server that runs keeps its own descriptors.
  void close() { sockets_.clear(); }

  [[nodiscard]] const std::vector<Socket>& sockets() const { return sockets_; }

 private:
  const std::vector<ListenAddress>& addresses_;
  std::vector<Socket> sockets_;
};

}  // namespace rollctl
