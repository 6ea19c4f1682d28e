// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include "base/fd.h"
#include "base/process_ref.h"

namespace rollctl::test {

enum class Serving {
  UntilEof,  // accepts, and closes when the client does
  AtOnce,    // closes what it accepts at once
  InAChild,  // as UntilEof, by a worker that inherited the listener
};

// A server in a process of its own that accepts from the listener, which it inherits, with epoll. Killed, its
// worker included, and reaped when this object goes.
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
