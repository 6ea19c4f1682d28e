// SPDX-License-Identifier: MIT
#include "supervise/forked_server.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/privilege.h"

namespace rollctl {

namespace {

ExitStatus exit_status(int status) {
  ExitStatus exit;
  if (WIFSIGNALED(status)) {
    exit.signal = WTERMSIG(status);
  } else {
    exit.code = WEXITSTATUS(status);
  }
  return exit;
}

static_assert(ChildSpec::kFirstPassed == 3, "SD_LISTEN_FDS_START");

// Sockets are passed as in sd_listen_fds(3), with LISTEN_FDNAMES=listen.0:listen.1…; the gate follows them.
ChildSpec server_child(const LaunchSpec& spec, const std::vector<std::string>& extra_env,
                       const std::vector<int>& sockets, int gate) {
  ChildSpec child;
  child.argv = spec.argv;
  child.env = spec.env;
  child.workdir = spec.workdir;
  child.credentials = spec.credentials;
  child.nofile = spec.nofile;
  child.log_path = spec.log_path;
  child.output = STDERR_FILENO;
  child.passed = sockets;
  child.passed.push_back(gate);
  // Without CAP_SYS_PTRACE a child of this process takes the server's listeners (net/other_process.h).
  if (spec.credentials && !has_capability(CAP_SYS_PTRACE)) child.tracer = ChildSpec::Tracer::Parent;
  if (spec.unit) child.surroundings = ChildSpec::Surroundings::Given;
  child.env.insert(child.env.end(), extra_env.begin(), extra_env.end());
  child.env.push_back("ROLL_GATE_FD=" + std::to_string(ChildSpec::kFirstPassed + sockets.size()));
  if (sockets.empty()) return child;
  std::string names;
  for (size_t i = 0; i < sockets.size(); ++i)
    names += (i == 0 ? "" : ":") + std::string("listen.") + std::to_string(i);
  child.env.push_back("LISTEN_FDS=" + std::to_string(sockets.size()));
  child.env.push_back("LISTEN_FDNAMES=" + names);
  child.pid_variable = "LISTEN_PID";
  return child;
}

}  // namespace

ForkedServer::ForkedServer(Loop& loop, const LaunchSpec& spec, InheritedSockets& sockets,
                           std::vector<std::string> extra_env, Callbacks callbacks)
    : loop_(loop),
      spec_(spec),
      sockets_(sockets),
      extra_env_(std::move(extra_env)),
      callbacks_(std::move(callbacks)),
      gate_state_(spec.gate) {}

Status ForkedServer::prepare() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
    return fail(last_os_failure("cannot become the parent of orphaned children"));
  on_child_ = loop_.on_signal(SIGCHLD, [this] { reap(); });
  return {};
}

Result<ProcessId> ForkedServer::start() {
  std::vector<int> sockets;
  if (spec_.sockets == LaunchSpec::Sockets::Inherited) {
    if (Status opened = sockets_.open(); !opened) return fail(opened.error());
    for (const auto& socket : sockets_.sockets()) sockets.push_back(socket.fd.get());
  }
  auto gate = make_pipe();
  if (!gate) return fail(gate.error());
  gate_ = gate_state_ == LaunchSpec::Gate::Closed ? std::move(gate->write) : Fd();
  gate->write.reset();
  child_ = server_child(spec_, extra_env_, sockets, gate->read.get());
  auto child = start_child(child_, Start::WhenTold);
  if (!child) return fail(child.error());
  has_children_ = true;
  server_ = std::move(child->process);
  go_ = std::move(child->go);
  report_ = std::move(child->report);
  on_report_ = loop_.on_readable(report_.get(), [this] { look_whether_executed(); });
  return server_->id();
}

Result<std::vector<pid_t>> ForkedServer::descendants() const {
  auto tree = process_tree(::getpid());
  if (tree)
    std::erase_if(*tree, [this](pid_t pid) { return pid == ::getpid() || callbacks_.is_foreign(pid); });
  return tree;
}

// One byte fits into the pipe. If the child has died, reap() reports it.
void ForkedServer::proceed() {
  (void)write_all(go_.get(), "g");
  go_.reset();
}

void ForkedServer::forget_launch() {
  on_report_.reset();
  report_.reset();
  go_.reset();
}

void ForkedServer::look_whether_executed() {
  if (!report_) return;
  const auto result = read_report(report_.get());
  if (!result) return;
  const bool was_told = !go_;
  forget_launch();
  if (!result->failure && was_told) return callbacks_.executed();
  server_.reset();  // execution_failed reports it; its exit is not reported again
  callbacks_.execution_failed(result->failure
                                  ? describe(*result->failure, child_)
                                  : cannot_start(child_) + ": its process was killed before the exec");
}

std::optional<std::string> ForkedServer::call_off() {
  look_whether_executed();
  if (!report_) return std::nullopt;
  const std::string why = server_->is_stopped() ? "was stopped before the exec" : "has not reached the exec";
  forget_launch();
  (void)server_->send_signal(SIGKILL);
  server_.reset();
  return cannot_start(child_) + ": its process " + why;
}

void ForkedServer::reap() {
  std::optional<ExitStatus> server_exit;
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) {
      const bool had_children = std::exchange(has_children_, pid == 0);
      if (pid == 0 || !had_children) break;
      if (server_exit) look_whether_executed();  // its exec is reported before its exit
      if (server_exit && server_) {
        server_.reset();
        callbacks_.exited(*server_exit);
      }
      // `exited` may have started another server.
      if (!has_children_) callbacks_.last_gone();
      return;
    }
    if (server_ && pid == server_->id().pid) server_exit = exit_status(status);
  }
  if (server_exit) look_whether_executed();
  if (!server_exit || !server_) return;
  server_.reset();
  callbacks_.exited(*server_exit);
}

bool ForkedServer::includes(pid_t pid) const {
  if (server_ && pid == server_->id().pid) return true;  // not reused before it is reaped
  return pid != ::getpid() && is_in_process_tree(pid, ::getpid()).value_or(false);
}

void ForkedServer::send_signal(int signal) {
  if (server_) (void)server_->send_signal(signal);
}

// A pid from /proc may be reused before its pidfd is opened. So the tree is read again with the pidfds open:
// a pid that is still in it belongs to the instance.
void ForkedServer::send_signal_to_all(int signal) {
  if (!has_children_) return;
  std::vector<ProcessRef> processes;
  const auto seen = descendants();
  // The caller repeats the signal until no process is left; until then at least the server gets it.
  if (!seen) return send_signal(signal);
  for (const pid_t pid : *seen) {
    if (auto process = ProcessRef::open(pid)) processes.push_back(std::move(*process));
  }
  const std::vector<pid_t> ours = descendants().value_or(std::vector<pid_t>());
  for (const auto& process : processes) {
    if (std::find(ours.begin(), ours.end(), process.id().pid) != ours.end())
      (void)process.send_signal(signal);
  }
}

Result<std::vector<pid_t>> ForkedServer::living() {
  std::vector<pid_t> pids;
  if (!has_children_) return pids;
  const auto seen = descendants();
  if (!seen) return fail(seen.error());
  for (const pid_t pid : *seen) {
    const auto process = ProcessRef::open(pid);
    const bool has_gone = process ? process->has_exited() : process.error().kind == ErrorKind::NotFound;
    if (!has_gone) pids.push_back(pid);
  }
  return pids;
}

void ForkedServer::open_gate() {
  gate_state_ = LaunchSpec::Gate::Open;
  gate_.reset();
}

}  // namespace rollctl
