// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include "base/fd.h"
#include "base/process_ref.h"

namespace rollctl::test {

enum class Serving {
  UntilEof,  // accepts, and closes after the client
  AtOnce,    // closes at once after accept
  InAChild,  // as UntilEof, in a worker that inherited the listener
};

// A server in a process of its own that inherits the listener and accepts from it with epoll. The destructor
// kills and reaps it and its worker.
class ForkedServer {
 public:
  explicit ForkedServer(const Fd& listener, Serving serving = Serving::UntilEof);
  ForkedServer(const ForkedServer&) = delete;
  ForkedServer& operator=(const ForkedServer&) = delete;
  ~ForkedServer();

  [[nodiscard]] const ProcessId& id() const { return id_; }

 private:
  pid_t pid_ = 0;
  ProcessId id_;
};

}  // namespace rollctl::test
