// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// The listening sockets that a shim opens for its server, one per address, in the order of the addresses. The
// kernel counts them as this process's user's, not the server's. While a socket is open here, it stays in its
// SO_REUSEPORT group, and connections wait in it even without a server.
class InheritedSockets {
 public:
  struct Socket {
    Fd fd;
    Endpoint bound;
    uint32_t inode = 0;
  };

  // `addresses` must outlive this object; they may be empty.
  explicit InheritedSockets(const std::vector<ListenAddress>& addresses) : addresses_(addresses) {}

  // Opens the missing sockets, and resets the others for a new server: clears O_NONBLOCK, and replaces a
  // socket that an earlier server has shut down. On an error of an address all are closed.
  Status open();

  // Closes this process's descriptors; a running server keeps its own.
  void close() { sockets_.clear(); }

  [[nodiscard]] const std::vector<Socket>& sockets() const { return sockets_; }

 private:
  const std::vector<ListenAddress>& addresses_;
  std::vector<Socket> sockets_;
};

}  // namespace rollctl
