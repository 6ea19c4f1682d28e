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

// A probe's command or a hook: reads the output of the child and reports its end, from the loop. Nothing here
// waits for the child: it may run as another user, who may stop it at any moment. Destroying this object
// leaves the child running.
class RunningChild {
 public:
  // Called from the loop, or by read_output(). `ended` may destroy this object.
  struct Callbacks {
    // Standard output and standard error, as they come.
    std::function<void(std::string_view)> output;
    // Once: the exit status, or the stage at which the child failed to execute.
    std::function<void(Result<ExitStatus>)> ended;
  };

  // The fate of other processes in the child's process group when the child ends.
  enum class Leftovers { Killed, GoOn };

  // Replaces `spec.output` with a pipe.
  static Result<std::unique_ptr<RunningChild>> start(Loop& loop, ChildSpec spec, Leftovers leftovers,
                                                     Callbacks callbacks);

  // Passes on what the child has written, at most 64 KiB, so that a child that never stops writing cannot
  // block the loop.
  void read_output();

  // The output stays in the pipe; the child blocks when the pipe is full.
  void pause_output() { on_output_.reset(); }
  void resume_output();

  // Sends the signal to the child and its process group, and SIGKILL to what is left of the group when the
  // child ends, which `ended` tells as ever.
  void end(int signal);

  // Sends SIGKILL to the child and its process group; `ended` is not called any more. Reaps the child if it
  // exits within kPatience. A killed process exits within a millisecond unless it is stuck in the kernel or
  // traced; such a child is left to init.
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
