// SPDX-License-Identifier: MIT
// The gate: a descriptor that the supervisor passes as $ROLL_GATE_FD. Its end of file means "listen now".
#pragma once

#include <event2/event.h>

#include <functional>
#include <optional>

#include "libroll/handles.h"
#include "libroll/roll.h"

namespace roll {

class Gate {
 public:
  // Takes the descriptor that $ROLL_GATE_FD names. Without the variable the gate is open. Fails when the
  // variable names no open descriptor: listening all the same would show an unready server to clients.
  std::optional<ServerFailure> take_from_environment();
  // True once the end of file was read. Ignores bytes before it. Never blocks.
  bool open();
  // Calls `opened` once, from the loop, when the gate opens. The gate must be shut.
  bool watch(event_base* base, std::function<void()> opened);
  // Forgets the descriptor.
  void abandon();

  Gate() = default;
  ~Gate() { abandon(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

 private:
  static void on_readable(int fd, short what, void* self);

  int fd_ = -1;
  EventPtr event_;
  std::function<void()> opened_;
};

}  // namespace roll
