// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/fd.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "loop/loop.h"
#include "process/child.h"
#include "process/instance_record.h"

namespace rollctl {

// A child of this process that is listened to, and whose end is told, from the loop: the command of a probe,
// or a hook. Nothing here waits for it, for it may be another user's, who may stop it at any moment. When
// this object is destroyed the child goes on.
class RunningChild {
 public:
  // Called from the loop, or by read_output(). `ended` may destroy this object.
  struct Callbacks {
    // What it writes to standard output and standard error, as it comes.
    std::function<void(std::string_view)> output;
    // Once: how it ended. Or that it could not be executed, and at which step.
    std::function<void(Result<ExitStatus>)> ended;
  };

  // What becomes of the processes that it has started, when it ends and they have not left its process group.
  enum class Leftovers { Killed, GoOn };

  // The spec's output is a pipe of this object's.
  static Result<std::unique_ptr<RunningChild>> start(Loop& loop, ChildSpec spec, Leftovers leftovers,
                                                     Callbacks callbacks);

  // Hands on what it has written by now, a pipe's fill at most: one that never stops writing is not to hold
  // the loop up.
  void read_output();

  // What it writes stays where it is, and it waits once that is a pipe's fill.
  void pause_output() { on_output_.reset(); }
  void resume_output();

  // SIGKILL to it and to its process group, of which it is the leader; `ended` is not called any more.
  // It is reaped if it goes within kPatience: a killed process is gone within a millisecond, unless it is
  // stuck in the kernel or somebody traces it. Then it is left to init.
  void kill();
  static constexpr Millis kPatience{200};

 private:
  RunningChild(Loop& loop, ChildSpec spec, StartedChild child, Fd output, Leftovers leftovers,
               Callbacks callbacks);
  void exited();

  Loop& loop_;
  ChildSpec spec_;
  StartedChild child_;
  Fd output_;
  Leftovers leftovers_;
  Callbacks callbacks_;
  bool has_closed_output_ = false;
  Watch on_output_;
  Watch on_exit_;
};

}  // namespace rollctl
