// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "bpf/http_close_layout.h"

namespace rollctl {

// The program http_close (README.md in this folder) and the connections that it watches. When this object
// ends, its sockets are plain TCP again, though the kernel may take some seconds; remove() does it at once.
class HttpCloseProgram {
 public:
  // Whether this kernel and this user may have it; found without loading it. NotPermitted without CAP_BPF,
  // CAP_PERFMON and CAP_NET_ADMIN; Unsupported before Linux 6.1.
  static Status available();

  // Blocks for 30 ms, while the kernel verifies the program. Errors as for available();
  // Unsupported also where the kernel refuses it.
  static Result<HttpCloseProgram> load();

  // Watches an established connection, by a descriptor of any process's, which is borrowed, and by its cookie
  // (SO_COOKIE). Blocks for some 10 us. Unsupported where the socket must not be touched: SO_ZEROCOPY or an
  // upper layer protocol (kernel TLS) is set. NotFound where the connection is closing.
  Status add(int socket_fd, uint64_t cookie);

  // Nothing where it does not watch the connection.
  [[nodiscard]] std::optional<roll_http_state> state(uint64_t cookie) const;

  // The socket is plain TCP again. Nothing happens where it is not watched.
  void remove(uint64_t cookie);

 private:
  HttpCloseProgram(Fd program, Fd sockets, Fd connections)
      : program_(std::move(program)), sockets_(std::move(sockets)), connections_(std::move(connections)) {}

  Fd program_;
  Fd sockets_;      // cookie -> socket
  Fd connections_;  // cookie -> roll_http_connection
};

}  // namespace rollctl
