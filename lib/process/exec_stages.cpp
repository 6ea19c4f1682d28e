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
#include <cstring>
#include <string_view>
#include <utility>

namespace roll {

namespace {

constexpr int kFirstFd = 3;  // SD_LISTEN_FDS_START
constexpr size_t kPidDigits = 10;
constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

// Everything that the child needs, made before the fork.
struct Plan {
  const LaunchSpec& spec;
  std::vector<std::string> env;
  std::vector<std::string> candidates;  // the paths at which the program may be
  std::vector<char*> argv_pointers;
  std::vector<char*> env_pointers;
  char* listen_pid = nullptr;  // room for a pid and the NUL after it, within `env`
  const char* workdir = "/";
  std::vector<int> sockets = {};
  int gate = -1;
  int go = -1;
  int result = -1;
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const auto& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

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

[[noreturn]] void report(const Plan& plan, ExecStage stage, int os_error) {
  const ExecFailure failure{stage, os_error};
  [[maybe_unused]] const ssize_t written = ::write(plan.result, &failure, sizeof failure);
  ::_exit(127);
}

void require(const Plan& plan, ExecStage stage, bool worked) {
  if (!worked) report(plan, stage, errno);
}

// What the shim ignores the server must not inherit, and the shim's handlers must not run in the child.
void reset_signal_handlers() {
  struct sigaction by_default{};
  by_default.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &by_default, nullptr);
}

void unblock_signals() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

int gate_fd(const Plan& plan) {
  return kFirstFd + static_cast<int>(plan.sockets.size());
}

void set_up_descriptors(Plan& plan) {
  int log = plan.spec.log_path.empty() ? ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
                                       : ::open(plan.spec.log_path.c_str(),
                                                O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
  require(plan, ExecStage::Log, log >= 0);
  int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  require(plan, ExecStage::Descriptors, null >= 0);
  // Sources above the targets first, so that no dup2() overwrites one that is still needed.
  const int above = gate_fd(plan) + 1;
  const auto move_up = [&](int& fd) {
    fd = ::fcntl(fd, F_DUPFD_CLOEXEC, above);
    require(plan, ExecStage::Descriptors, fd >= 0);
  };
  move_up(log);
  move_up(null);
  move_up(plan.gate);
  move_up(plan.go);
  for (int& socket : plan.sockets) move_up(socket);
  const auto put = [&](int fd, int target) {
    require(plan, ExecStage::Descriptors, ::dup2(fd, target) >= 0);
  };
  put(null, STDIN_FILENO);
  put(log, STDOUT_FILENO);
  put(log, STDERR_FILENO);
  int target = kFirstFd;
  for (const int socket : plan.sockets) put(socket, target++);
  put(plan.gate, target);
  require(plan, ExecStage::Descriptors,
          ::close_range(static_cast<unsigned>(above), ~0U, CLOSE_RANGE_CLOEXEC) == 0);
}

// A server believes that the sockets are meant for it only if this is its pid, which is known here first.
void tell_own_pid(const Plan& plan) {
  if (plan.listen_pid != nullptr) std::to_chars(plan.listen_pid, plan.listen_pid + kPidDigits, ::getpid());
}

void set_limits(const Plan& plan) {
  if (!plan.spec.nofile) return;
  const rlimit limit{*plan.spec.nofile, *plan.spec.nofile};
  require(plan, ExecStage::Limits, ::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

void become_user(const Plan& plan) {
  if (!plan.spec.credentials) return;
  const Credentials& who = *plan.spec.credentials;
  const bool is_already = ::geteuid() != 0 && who.uid == ::geteuid() && who.gid == ::getegid();
  if (is_already) return;
  require(plan, ExecStage::User,
          ::setgroups(who.groups.size(), who.groups.data()) == 0 &&
              ::setresgid(who.gid, who.gid, who.gid) == 0 && ::setresuid(who.uid, who.uid, who.uid) == 0);
}

// As execvp(3) looks through PATH, but PATH is the server's own, and what is no program is never given to a
// shell.
[[noreturn]] void execute(const Plan& plan) {
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
  report(plan, failure.stage, failure.os_error);
}

// False at the end of file: nobody wants the server any more.
bool await_go(const Plan& plan) {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(plan.go, &byte, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

// All that can be done before the word is, for then it is in a hurry.
[[noreturn]] void run_child(Plan& plan) {
  reset_signal_handlers();
  require(plan, ExecStage::Session, ::setsid() >= 0);
  set_up_descriptors(plan);
  tell_own_pid(plan);
  set_limits(plan);
  become_user(plan);
  require(plan, ExecStage::Workdir, ::chdir(plan.workdir) == 0);
  unblock_signals();
  if (!await_go(plan)) ::_exit(0);
  execute(plan);
}

// A result pipe below `lowest` would be overwritten by the server's own descriptors.
Result<Fd> move_up(Fd fd, int lowest) {
  Fd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, lowest));
  if (!moved) return fail(last_os_failure("cannot duplicate a descriptor"));
  return moved;
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

Result<PendingExec> fork_server(const LaunchSpec& spec, const std::vector<std::string>& extra_env, int gate,
                                std::span<const int> sockets) {
  if (spec.argv.empty() || spec.argv.front().empty())
    return fail(ErrorKind::Invalid, "cannot start a server: its command is empty");
  auto go = make_pipe();
  if (!go) return fail(go.error());
  auto result = make_pipe(Blocking::No);
  if (!result) return fail(result.error());

  Plan plan{spec, spec.env, program_candidates(spec), {}, {}};
  plan.sockets.assign(sockets.begin(), sockets.end());
  auto result_write = move_up(std::move(result->write), gate_fd(plan) + 1);
  if (!result_write) return fail(result_write.error());
  plan.env.insert(plan.env.end(), extra_env.begin(), extra_env.end());
  plan.env.push_back("ROLL_GATE_FD=" + std::to_string(gate_fd(plan)));
  add_listen_variables(plan);
  plan.argv_pointers = pointers(spec.argv);
  plan.env_pointers = pointers(plan.env);
  if (!spec.workdir.empty()) plan.workdir = spec.workdir.c_str();
  plan.gate = gate;
  plan.go = go->read.get();
  plan.result = result_write->get();

  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child == 0) {
    // Its own copy of the write end would keep the child from ever seeing EOF.
    go->write.reset();
    run_child(plan);
  }
  const int fork_error = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) return fail(os_failure("cannot fork a server", fork_error));
  auto process = ProcessRef::open(child);
  if (!process) return fail(process.error());
  return PendingExec{std::move(*process), std::move(go->write), std::move(result->read)};
}

std::optional<ExecResult> read_exec_result(int fd) {
  ExecFailure failure;
  const ssize_t got = ::read(fd, &failure, sizeof failure);
  if (got == static_cast<ssize_t>(sizeof failure)) return ExecResult{failure};
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  return ExecResult{};
}

}  // namespace roll
