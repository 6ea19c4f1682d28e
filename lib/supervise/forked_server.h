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
#include "supervise/notify_socket.h"
#include "supervise/roles.h"

namespace rollctl {

// The real ServerProcess: a child of this process. This process is the subreaper of the server's descendants,
// so none is left exactly when it has no child left. One object per process, because it reaps every child.
// Destroying it leaves the processes running.
//
// Its many members are one launch: gate, child, go and report pipe.
class ForkedServer final : public ServerProcess {
 public:
  // Called from the loop; `executed` and `execution_failed` by look_whether_executed() and call_off(), too.
  struct Callbacks {
    std::function<void()> executed;
    std::function<void(const std::string&)> execution_failed;
    // Whether that child of this process does not belong to the server.
    std::function<bool(pid_t)> is_foreign;
    // The main process is about to be reaped: what it sent last is to be read now.
    std::function<void()> last_words;
    // The process before is the main process again, because the one that it named has ended.
    std::function<void(const ProcessId&)> fell_back;
    std::function<void(const ExitStatus&)> exited;
    std::function<void()> last_gone;
  };

  // `extra_env`: "NAME=value". The spec and the sockets must outlive this object.
  ForkedServer(Loop& loop, const LaunchSpec& spec, InheritedSockets& sockets,
               std::vector<std::string> extra_env, Callbacks callbacks);

  // Makes this process the subreaper and begins to reap.
  Status prepare();

  // Whether that is the server or another descendant of this process.
  [[nodiscard]] bool includes(pid_t pid) const;

  // From now on that process of the instance is the main process, as MAINPID= says. NotPermitted where the
  // sender is neither the main process, nor of its user, nor root; Invalid where the process is none of the
  // instance. The one before is told to end as well, as long as it lives.
  Result<ProcessId> follow(pid_t pid, const NotifySocket::Sender& sender);

  // Reports the exec now, if it has worked or failed: a message from the server may arrive before its report.
  void look_whether_executed();

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
  bool reap_one(std::optional<ExitStatus>& server_exit);
  void watch_main();
  void look_whether_main_ended();
  void main_ended(const ExitStatus& exit);
  [[nodiscard]] Result<std::vector<pid_t>> descendants() const;

  Loop& loop_;
  const LaunchSpec& spec_;
  InheritedSockets& sockets_;
  std::vector<std::string> extra_env_;
  Callbacks callbacks_;
  LaunchSpec::Gate gate_state_;
  Fd gate_;                           // the write end, while the gate is closed
  std::optional<ProcessRef> server_;  // the main process, until it is reaped
  std::vector<ProcessRef> former_;    // that named another one as the main process, the last one last
  ChildSpec child_;                   // of the last start()
  Fd go_;                             // until proceed()
  Fd report_;                         // until the exec has worked or failed
  bool has_children_ = false;
  Watch on_child_;
  Watch on_report_;
  Watch on_main_;  // of a main process that may be no child of this process
};

}  // namespace rollctl
