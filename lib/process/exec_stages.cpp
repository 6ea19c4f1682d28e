// SPDX-License-Identifier: MIT
#include "process/exec_stages.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>
#include <string_view>
#include <utility>

#include "base/new_child.h"
#include "process/log_file.h"

namespace roll {

namespace {

constexpr int kFailed = 127;
constexpr int kFirstFd = 3;  // SD_LISTEN_FDS_START
constexpr size_t kPidDigits = 10;
constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";
// The child also writes a record; sanitizers make its frames three times as large.
constexpr size_t kServerStack = size_t{512} * 1024;

// Everything that the child needs, and what became of it.
struct Plan {
  const LaunchSpec& spec;
  const BeforeExec& before_exec;
  std::vector<std::string> env;
  std::vector<std::string> candidates;  // the paths at which the program may be
  std::vector<char*> argv_pointers;
  std::vector<char*> env_pointers;
  char* listen_pid = nullptr;  // room for a pid and the NUL after it, within `env`
  const char* workdir = "/";
  std::vector<int> sockets = {};
  int gate = -1;
  bool is_refused = false;
  std::optional<ExecFailure> failure = {};
};

std::vector<std::string> program_candidates(const LaunchSpec& spec) {
  const std::string& program = spec.argv.front();
  if (program.find('/') != std::string::npos) return {program};
  std::string_view path = kDefaultPath;
  for (const auto& variable : spec.env) {
    if (variable.starts_with("PATH=")) path = std::string_view(variable).substr(5);
  }
  std::vector<std::string> candidates;
  for (;;) {
    const size_t colon = path.find(':');
    const std::string folder(path.substr(0, colon));
    candidates.push_back((folder.empty() ? "." : folder) + "/" + program);
    if (colon == std::string_view::npos) return candidates;
    path.remove_prefix(colon + 1);
  }
}

bool worked(Plan& plan, ExecStage stage, bool did) {
  if (!did) plan.failure = ExecFailure{stage, errno};
  return did;
}

int gate_fd(const Plan& plan) {
  return kFirstFd + static_cast<int>(plan.sockets.size());
}

// Sources above the targets first, so that no dup2() overwrites one that is still needed.
bool move_up(int& fd, int lowest) {
  fd = ::fcntl(fd, F_DUPFD_CLOEXEC, lowest);
  return fd >= 0;
}

bool put_descriptors(Plan& plan, int log, int null) {
  const int above = gate_fd(plan) + 1;
  bool all = move_up(log, above) && move_up(null, above) && move_up(plan.gate, above);
  for (int& socket : plan.sockets) all = all && move_up(socket, above);
  all = all && ::dup2(null, STDIN_FILENO) >= 0 && ::dup2(log, STDOUT_FILENO) >= 0 &&
        ::dup2(log, STDERR_FILENO) >= 0;
  int target = kFirstFd;
  for (const int socket : plan.sockets) all = all && ::dup2(socket, target++) >= 0;
  return all && ::dup2(plan.gate, target) >= 0 &&
         ::close_range(static_cast<unsigned>(above), ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

bool set_up_descriptors(Plan& plan) {
  const int log = plan.spec.log_path.empty() ? ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
                                             : open_log(plan.spec.log_path).release();
  if (!worked(plan, ExecStage::Log, log >= 0)) return false;
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  return worked(plan, ExecStage::Descriptors, null >= 0 && put_descriptors(plan, log, null));
}

// A server believes that the sockets are meant for it only if this is its pid, which is known here first.
void tell_own_pid(const Plan& plan) {
  if (plan.listen_pid != nullptr) std::to_chars(plan.listen_pid, plan.listen_pid + kPidDigits, ::getpid());
}

bool set_limits(Plan& plan) {
  if (!plan.spec.nofile) return true;
  const rlimit limit{*plan.spec.nofile, *plan.spec.nofile};
  return worked(plan, ExecStage::Limits, ::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

bool become_user(Plan& plan) {
  if (!plan.spec.credentials) return true;
  const Credentials& who = *plan.spec.credentials;
  const bool is_already = ::geteuid() != 0 && who.uid == ::geteuid() && who.gid == ::getegid();
  return is_already || worked(plan, ExecStage::User,
                              ::setgroups(who.groups.size(), who.groups.data()) == 0 &&
                                  ::setresgid(who.gid, who.gid, who.gid) == 0 &&
                                  ::setresuid(who.uid, who.uid, who.uid) == 0);
}

// As execvp(3) looks through PATH, but PATH is the server's own, and what is no program is never given to a
// shell. Returns on failure.
void execute(Plan& plan) {
  ExecFailure failure{ExecStage::Exec, ENOENT};
  for (const auto& path : plan.candidates) {
    ::execve(path.c_str(), plan.argv_pointers.data(), plan.env_pointers.data());
    const int os_error = errno;
    if (os_error == ENOENT && ::access(path.c_str(), F_OK) == 0) {
      failure = {ExecStage::Interpreter, ENOENT};
      break;
    }
    if (os_error == EACCES) failure = {ExecStage::Exec, EACCES};
    if (os_error == EACCES || os_error == ENOENT || os_error == ENOTDIR) continue;
    failure = {ExecStage::Exec, os_error};
    break;
  }
  plan.failure = failure;
}

// The child, to its exec.
int become_server(void* argument) {
  Plan& plan = *static_cast<Plan*>(argument);
  const auto self = ProcessRef::self();
  if (!self) {
    plan.failure = ExecFailure{ExecStage::Descriptors, self.error().os_error};
    return kFailed;
  }
  plan.is_refused = !plan.before_exec(self->id());
  if (plan.is_refused) return kFailed;
  reset_signal_handlers();
  const bool is_set_up = worked(plan, ExecStage::Session, ::setsid() >= 0) && set_up_descriptors(plan) &&
                         set_limits(plan) && become_user(plan) &&
                         worked(plan, ExecStage::Workdir, ::chdir(plan.workdir) == 0);
  if (!is_set_up) return kFailed;
  tell_own_pid(plan);
  unblock_signals();
  execute(plan);
  return kFailed;
}

pid_t run_child(Plan& plan) {
  const auto stack = std::make_unique_for_overwrite<char[]>(kServerStack);
  const AllSignalsBlocked blocked;
  return start_vforked({stack.get(), kServerStack}, become_server, &plan);
}

// With room for what only the child knows.
void add_listen_variables(Plan& plan) {
  if (plan.sockets.empty()) return;
  std::string names;
  for (size_t i = 0; i < plan.sockets.size(); ++i)
    names += (i == 0 ? "" : ":") + std::string("listen.") + std::to_string(i);
  plan.env.push_back("LISTEN_FDS=" + std::to_string(plan.sockets.size()));
  plan.env.push_back("LISTEN_FDNAMES=" + names);
  const std::string name = "LISTEN_PID=";
  plan.env.push_back(name + std::string(kPidDigits, '\0'));
  plan.listen_pid = plan.env.back().data() + name.size();
}

}  // namespace

std::string describe(const ExecFailure& failure, const LaunchSpec& spec) {
  const std::string program = "\"" + (spec.argv.empty() ? std::string() : spec.argv.front()) + "\"";
  std::string step;
  switch (failure.stage) {
    case ExecStage::Session:
      step = " (starting a session)";
      break;
    case ExecStage::Log:
      step = " (opening the log \"" + spec.log_path + "\")";
      break;
    case ExecStage::Descriptors:
      step = " (setting up descriptors)";
      break;
    case ExecStage::Limits:
      step = " (setting nofile to " + std::to_string(spec.nofile.value_or(0)) + ")";
      break;
    case ExecStage::User:
      step = " (changing to user " + std::to_string(spec.credentials.value_or(Credentials{}).uid) +
             ", group " + std::to_string(spec.credentials.value_or(Credentials{}).gid) + ")";
      break;
    case ExecStage::Workdir:
      step = " (changing to \"" + spec.workdir + "\")";
      break;
    case ExecStage::Exec:
      break;
    case ExecStage::Interpreter:
      step = " (running the interpreter that it names)";
      break;
  }
  return "cannot start " + program + step + ": " + os_error_text(failure.os_error);
}

Result<ProcessRef> start_server(const LaunchSpec& spec, const std::vector<std::string>& extra_env, int gate,
                                std::span<const int> sockets, const BeforeExec& before_exec) {
  if (spec.argv.empty() || spec.argv.front().empty())
    return fail(ErrorKind::Invalid, "cannot start a server: its command is empty");
  Plan plan{spec, before_exec, spec.env, program_candidates(spec), {}, {}};
  plan.sockets.assign(sockets.begin(), sockets.end());
  plan.env.insert(plan.env.end(), extra_env.begin(), extra_env.end());
  plan.env.push_back("ROLL_GATE_FD=" + std::to_string(gate_fd(plan)));
  add_listen_variables(plan);
  plan.argv_pointers = exec_pointers(spec.argv);
  plan.env_pointers = exec_pointers(plan.env);
  if (!spec.workdir.empty()) plan.workdir = spec.workdir.c_str();
  plan.gate = gate;

  const pid_t child = run_child(plan);
  if (child < 0) return fail(last_os_failure("cannot fork a server"));
  if (plan.is_refused || plan.failure) reap(child);
  if (plan.is_refused) return fail(ErrorKind::Failed, "the server is not to be started");
  if (plan.failure) return fail(ErrorKind::Failed, describe(*plan.failure, spec));
  auto server = ProcessRef::open(child);
  if (!server) {  // it is not waited for yet, so the pid is its own
    ::kill(child, SIGKILL);
    reap(child);
  }
  return server;
}

}  // namespace roll
