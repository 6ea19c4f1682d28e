// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/process_ref.h"
#include "loop/loop.h"
#include "process/child.h"
#include "process/launch_spec.h"
#include "supervise/inherited_sockets.h"
#include "supervise/roles.h"

namespace rollctl {

// The real server process: a child of this one, which is the subreaper of whatever descends from it, so that
// nothing is left exactly when no child is left. One per process: it reaps every child there is. Destroying
// it leaves the processes alone.
class ForkedServer final : public ServerProcess {
 public:
  // Called from the loop, the first two by look_whether_executed() and call_off() as well.
  struct Callbacks {
    std::function<void()> executed;
    std::function<void(const std::string&)> execution_failed;
    // That child of this process has nothing to do with the server.
    std::function<bool(pid_t)> is_aside;
    std::function<void(const ExitStatus&)> exited;
    std::function<void()> last_gone;
  };

  // `extra_env`: "NAME=value". The spec and the sockets must outlive this object.
  ForkedServer(Loop& loop, const LaunchSpec& spec, InheritedSockets& sockets,
               std::vector<std::string> extra_env, Callbacks callbacks);

  // Makes this process the subreaper and begins to watch for its children.
  Status prepare();

  // Whether that is the server or another descendant of this process.
  [[nodiscard]] bool includes(pid_t pid) const;

  // Tells now what may be known by now: a message of the server's says that it runs.
  void look_whether_executed();
  [[nodiscard]] bool has_processes() const { return has_children_; }

  Result<ProcessId> start() override;
  void proceed() override;
  std::optional<std::string> call_off() override;
  void send_signal(int signal) override;
  void send_signal_to_all(int signal) override;
  Result<std::vector<pid_t>> living() override;
  void open_gate() override;
  void close_sockets() override { sockets_.close(); }

 private:
  void forget_launch();
  void reap();
  [[nodiscard]] Result<std::vector<pid_t>> descendants() const;

  Loop& loop_;
  const LaunchSpec& spec_;
  InheritedSockets& sockets_;
  std::vector<std::string> extra_env_;
  Callbacks callbacks_;
  LaunchSpec::Gate gate_state_;
  Fd gate_;                           // the write end, while the gate is closed
  std::optional<ProcessRef> server_;  // until it was reaped
  ChildSpec child_;                   // what it was, or is to be, started with
  Fd go_;                             // until it was told to proceed
  Fd report_;                         // until it is decided whether it was executed
  bool has_children_ = false;
  Watch on_child_;
  Watch on_report_;
};

}  // namespace rollctl
