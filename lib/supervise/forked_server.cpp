// SPDX-License-Identifier: MIT
#include "supervise/forked_server.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
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
  former_.clear();
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

// False when no child has ended; has_children_ says whether there is one.
bool ForkedServer::reap_one(std::optional<ExitStatus>& server_exit) {
  for (;;) {
    siginfo_t ended{};
    if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0) {
      if (errno == EINTR) continue;
      has_children_ = false;
      return false;
    }
    has_children_ = true;
    if (ended.si_pid == 0) return false;
    // A sender is known by its pid, which is free once it is reaped.
    if (server_ && ended.si_pid == server_->id().pid) callbacks_.last_words();
    int status = 0;
    if (::waitpid(ended.si_pid, &status, WNOHANG) != ended.si_pid) continue;
    if (server_ && ended.si_pid == server_->id().pid) server_exit = exit_status(status);
    return true;
  }
}

void ForkedServer::reap() {
  const bool had_children = has_children_;
  std::optional<ExitStatus> server_exit;
  while (reap_one(server_exit)) {
  }
  if (server_exit) look_whether_executed();  // its exec is reported before its exit
  if (server_exit && server_) main_ended(*server_exit);
  // `exited` may have started another server.
  if (had_children && !has_children_) callbacks_.last_gone();
}

// The last one before it that lives is the main process again: an upgrade has failed.
void ForkedServer::main_ended(const ExitStatus& exit) {
  on_main_.reset();
  server_.reset();
  while (!former_.empty() && former_.back().has_exited()) former_.pop_back();
  if (former_.empty()) return callbacks_.exited(exit);
  server_ = std::move(former_.back());
  former_.pop_back();
  watch_main();
  callbacks_.fell_back(server_->id());
}

Result<ProcessId> ForkedServer::follow(pid_t pid, const NotifySocket::Sender& sender) {
  if (!server_) return fail(ErrorKind::NotFound, "the main process has ended");
  if (pid == server_->id().pid) return server_->id();
  struct stat main{};
  const bool is_main = sender.pid == server_->id().pid || sender.uid == 0;
  const std::string folder = "/proc/" + std::to_string(server_->id().pid);
  if (!is_main && (::stat(folder.c_str(), &main) != 0 || main.st_uid != sender.uid))
    return fail(ErrorKind::NotPermitted, "MAINPID= of another user");
  auto process = ProcessRef::open(pid);
  if (!process) return fail(process.error());
  // Asked with the pidfd open: the pid may have been reused before.
  if (!includes(pid) || callbacks_.is_foreign(pid) || process->has_exited())
    return fail(ErrorKind::Invalid, "MAINPID= names no process of the instance");
  former_.push_back(std::move(*server_));
  server_ = std::move(*process);
  watch_main();
  return server_->id();
}

void ForkedServer::watch_main() {
  on_main_ = loop_.on_readable(server_->fd(), [this] { look_whether_main_ended(); });
}

// It may be a child of the one before, which takes its exit status.
void ForkedServer::look_whether_main_ended() {
  on_main_.reset();
  siginfo_t ended{};
  const bool is_child = ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(server_->fd()), &ended,
                                 WEXITED | WNOHANG | WNOWAIT) == 0;
  if (is_child) return reap();
  constexpr int kUnknown = 255;
  main_ended({kUnknown, {}});
}

bool ForkedServer::includes(pid_t pid) const {
  if (server_ && pid == server_->id().pid) return true;  // not reused before it is reaped
  return pid != ::getpid() && is_in_process_tree(pid, ::getpid()).value_or(false);
}

// A child of this process is not reaped, and its pid not reused, before reap() runs. They are listed first:
// the children of a main process that ends at once become this process's, and are not to be told.
void ForkedServer::send_signal(int signal) {
  const std::vector<pid_t> children =
      server_ ? child_processes(::getpid()).value_or(std::vector<pid_t>()) : std::vector<pid_t>();
  if (server_) (void)server_->send_signal(signal);
  for (const ProcessRef& process : former_) (void)process.send_signal(signal);
  for (const pid_t pid : children) {
    const bool is_told = pid == server_->id().pid || std::ranges::any_of(former_, [&](const ProcessRef& one) {
                           return one.id().pid == pid;
                         });
    if (is_told || callbacks_.is_foreign(pid)) continue;
    if (const auto process = ProcessRef::open(pid)) (void)process->send_signal(signal);
  }
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
