// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/process_ref.h"
#include "loop/loop.h"
#include "process/exec_stages.h"
#include "process/launch_spec.h"
#include "supervise/inherited_sockets.h"
#include "supervise/roles.h"

namespace roll {

// The real server process: a child of this one, which is the subreaper of whatever descends from it, so that
// nothing is left exactly when no child is left. One per process: it reaps every child there is. Destroying
// it leaves the processes alone.
class ForkedServer final : public ServerProcess {
 public:
  // Called from the loop; but `may_execute` by start(), in the child and this process's memory, with nothing
  // left to do but to become the server.
  struct Callbacks {
    std::function<bool()> may_execute;
    // That child of this process has nothing to do with the server.
    std::function<bool(pid_t)> is_aside;
    std::function<void(const ExitStatus&)> exited;
    std::function<void()> last_gone;
  };

  // `extra_env` as in start_server(). The spec and the sockets must outlive this object.
  ForkedServer(Loop& loop, const LaunchSpec& spec, InheritedSockets& sockets,
               std::vector<std::string> extra_env, Callbacks callbacks);

  // Makes this process the subreaper and begins to watch for its children.
  Status prepare();

  // Whether that is the server or another descendant of this process.
  [[nodiscard]] bool includes(pid_t pid) const;

  Result<ProcessId> start(const BeforeExec& before_exec) override;
  void send_signal(int signal) override;
  void send_signal_to_all(int signal) override;
  std::vector<pid_t> living() override;
  void open_gate() override;
  void close_sockets() override { sockets_.close(); }

 private:
  void reap();
  [[nodiscard]] std::vector<pid_t> descendants() const;

  Loop& loop_;
  const LaunchSpec& spec_;
  InheritedSockets& sockets_;
  std::vector<std::string> extra_env_;
  Callbacks callbacks_;
  LaunchSpec::Gate gate_state_;
  Fd gate_;                           // the write end, while the gate is closed
  std::optional<ProcessRef> server_;  // until it was reaped
  bool has_children_ = false;
  Watch on_child_;
};

}  // namespace roll
