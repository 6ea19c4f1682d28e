// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "base/acknowledgement.h"
#include "base/background_task.h"
#include "base/fd.h"
#include "base/result.h"
#include "loop/loop.h"
#include "process/launch_spec.h"
#include "process/shim_client.h"
#include "process/started_shim.h"

namespace rollctl {

// A shim that was started and waits for its launch: it connects to RUN_DIR/launch.sock, on which this object
// listens. Until launch() it runs no server, and it ends with this process.
class WaitingShim {
 public:
  // Starts a shim, with systemd if the spec has a unit. `spec.run_dir` exists and is empty. Does not block:
  // another thread waits for the launcher. launch() returns the launcher's error.
  static Result<std::unique_ptr<WaitingShim>> start(const std::string& shim_program, const LaunchSpec& spec);

  // Ends the shim unless it was launched: blocks until it has exited, some milliseconds and at most 1 s, and
  // removes its files. Also blocks for that thread, if the shim was started just before.
  ~WaitingShim();
  WaitingShim(const WaitingShim&) = delete;
  WaitingShim& operator=(const WaitingShim&) = delete;

  // Lets the server of the specification run, which is of the same instance, and makes its log; returns the
  // shim's client before it runs: Launched or LaunchFailed follow as events. Once only. Blocks until the shim
  // has connected (a few ms after its start; at most 5 s), and for `intent`: meanwhile the shim does all but
  // execute the server, which it never does where the intent has failed.
  Result<std::unique_ptr<ShimClient>> launch(Loop& loop, const LaunchSpec& spec, Acknowledgement& intent,
                                             ShimClient::OnEvent on_event);

 private:
  WaitingShim(LaunchSpec spec, Fd listener, Fd started)
      : spec_(std::move(spec)), listener_(std::move(listener)), started_(std::move(started)) {}
  Status look_whether_started();
  void await_end();
  Result<Fd> await_connection();

  LaunchSpec spec_;
  Fd listener_;
  Fd started_;  // readable once the other thread has finished
  StartedShim shim_;
  BackgroundTask<Result<StartedShim>> starting_;
};

}  // namespace rollctl
