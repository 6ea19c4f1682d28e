// SPDX-License-Identifier: MIT
#include "process/child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <string_view>
#include <utility>

#include "base/descriptor_limit.h"
#include "base/new_child.h"
#include "process/log_file.h"

namespace rollctl {

namespace {

constexpr int kFailed = 127;
constexpr size_t kPidDigits = 10;
constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";
constexpr const char* kShell = "/bin/sh";

// Everything that the child needs, allocated before the fork.
struct Plan {
  const ChildSpec& spec;
  std::vector<std::string> env = {};
  std::vector<std::string> candidates = {};  // paths to try for the program
  std::vector<char*> argv_pointers = {};
  std::vector<char*> env_pointers = {};
  std::vector<char*> shell_pointers = {};  // to run a script by the shell; the second is the script's path
  char* own_pid = nullptr;                 // room for a pid and a NUL within `env`
  std::vector<int> passed = {};
  int go = -1;
  int report = -1;
};

std::vector<std::string> program_candidates(const ChildSpec& spec) {
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

// The plan holds pointers into itself.
void complete(Plan& plan) {
  plan.env = plan.spec.env;
  if (!plan.spec.pid_variable.empty()) {
    plan.env.push_back(plan.spec.pid_variable + "=" + std::string(kPidDigits, '\0'));
    plan.own_pid = plan.env.back().data() + plan.spec.pid_variable.size() + 1;
  }
  plan.candidates = program_candidates(plan.spec);
  plan.argv_pointers = exec_pointers(plan.spec.argv);
  plan.env_pointers = exec_pointers(plan.env);
  if (plan.spec.unmarked == ChildSpec::Unmarked::ForShell) {
    plan.shell_pointers = {const_cast<char*>(kShell), nullptr};
    plan.shell_pointers.insert(plan.shell_pointers.end(), plan.argv_pointers.begin() + 1,
                               plan.argv_pointers.end());
  }
  plan.passed = plan.spec.passed;
}

// The functions below run in the child.

[[noreturn]] void report(const Plan& plan, ExecFailure failure) {
  [[maybe_unused]] const ssize_t written = ::write(plan.report, &failure, sizeof failure);
  ::_exit(kFailed);
}

void require(const Plan& plan, ExecStage stage, bool worked) {
  if (!worked) report(plan, {stage, errno});
}

void leave_caller(const Plan& plan) {
  reset_signal_handlers();
  require(plan, ExecStage::Session, leave_session());
  if (plan.spec.surroundings == ChildSpec::Surroundings::Given) return;
  ::umask(kMask);
  require(plan, ExecStage::Keyring, leave_keyring());
}

// Moves the sources above the targets first, so that no dup2() overwrites a source. Other descriptors are
// closed at once, not at exec: until then a copy would keep a lock held that the caller has released.
void set_up_descriptors(Plan& plan) {
  const bool has_own = plan.spec.streams == ChildSpec::Streams::Own;
  int output = STDOUT_FILENO;
  if (has_own)
    output = plan.spec.log_path.empty() ? plan.spec.output : open_log(plan.spec.log_path).release();
  require(plan, ExecStage::Log, output >= 0);
  int null = has_own ? ::open("/dev/null", O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
  require(plan, ExecStage::Descriptors, null >= 0);
  const int report = ChildSpec::kFirstPassed + static_cast<int>(plan.passed.size());
  const int go = report + 1;
  const auto move_up = [&](int& fd) {
    fd = ::fcntl(fd, F_DUPFD_CLOEXEC, go + 1);
    require(plan, ExecStage::Descriptors, fd >= 0);
  };
  const auto put = [&](int fd, int target, int flags) {
    const bool is_put = flags == 0 ? ::dup2(fd, target) >= 0 : ::dup3(fd, target, flags) >= 0;
    require(plan, ExecStage::Descriptors, is_put);
  };
  move_up(plan.report);
  if (plan.go >= 0) move_up(plan.go);
  if (has_own) {
    move_up(output);
    move_up(null);
  }
  for (int& fd : plan.passed) move_up(fd);
  if (has_own) {
    put(null, STDIN_FILENO, 0);
    put(output, STDOUT_FILENO, 0);
    put(output, STDERR_FILENO, 0);
  }
  int target = ChildSpec::kFirstPassed;
  for (const int fd : plan.passed) put(fd, target++, 0);
  put(plan.report, report, O_CLOEXEC);
  plan.report = report;
  if (plan.go >= 0) put(plan.go, go, O_CLOEXEC);
  const int first_unused = plan.go >= 0 ? go + 1 : go;
  if (plan.go >= 0) plan.go = go;
  require(plan, ExecStage::Descriptors, ::close_range(static_cast<unsigned>(first_unused), ~0U, 0) == 0);
}

void set_limits(const Plan& plan) {
  if (!plan.spec.nofile) return require(plan, ExecStage::Limits, restore_descriptor_limit());
  const rlimit limit{*plan.spec.nofile, *plan.spec.nofile};
  require(plan, ExecStage::Limits, ::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

// False at end of file: the caller gave the child up.
bool is_told(const Plan& plan) {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(plan.go, &byte, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

// setresuid(2) clears permitted, effective and ambient capabilities unless a securebit forbids it. It never
// clears inheritable ones.
bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return ::syscall(SYS_capset, &header, none) == 0;
}

void become_user(const Plan& plan) {
  if (!plan.spec.credentials) return;
  const Credentials& who = *plan.spec.credentials;
  const bool is_already = ::geteuid() != 0 && who.uid == ::geteuid() && who.gid == ::getegid();
  if (is_already) return;
  require(plan, ExecStage::User,
          ::setgroups(who.groups.size(), who.groups.data()) == 0 &&
              ::setresgid(who.gid, who.gid, who.gid) == 0 && ::setresuid(who.uid, who.uid, who.uid) == 0);
  if (plan.spec.surroundings == ChildSpec::Surroundings::Given || who.uid == 0) return;
  require(plan, ExecStage::User, drop_capabilities());
}

// As pam_keyinit(8) does: programs still find the user's keys.
void link_user_keyring(const Plan& plan) {
  if (plan.spec.surroundings == ChildSpec::Surroundings::Given) return;
  (void)::syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING);
}

// sd_listen_fds(3) compares LISTEN_PID with the server's pid, which is known only here.
void tell_own_pid(const Plan& plan) {
  if (plan.own_pid != nullptr) std::to_chars(plan.own_pid, plan.own_pid + kPidDigits, ::getpid());
}

// Searches like execvp(3), but in the child's own PATH.
[[noreturn]] void execute(Plan& plan) {
  ExecFailure failure{ExecStage::Exec, ENOENT};
  for (const auto& path : plan.candidates) {
    ::execve(path.c_str(), plan.argv_pointers.data(), plan.env_pointers.data());
    int os_error = errno;
    if (os_error == ENOEXEC && !plan.shell_pointers.empty()) {
      plan.shell_pointers[1] = const_cast<char*>(path.c_str());
      ::execve(kShell, plan.shell_pointers.data(), plan.env_pointers.data());
      os_error = errno;
    }
    if (os_error == ENOENT && ::access(path.c_str(), F_OK) == 0) {
      failure = {ExecStage::Interpreter, ENOENT};
      break;
    }
    if (os_error == EACCES) failure = {ExecStage::Exec, EACCES};
    if (os_error == EACCES || os_error == ENOENT || os_error == ENOTDIR) continue;
    failure = {ExecStage::Exec, os_error};
    break;
  }
  report(plan, failure);
}

// Before is_told() the child still runs as the caller's user: no other user can signal it.
[[noreturn]] void run_child(Plan& plan) {
  leave_caller(plan);
  set_up_descriptors(plan);
  set_limits(plan);
  if (plan.go >= 0 && !is_told(plan)) ::_exit(0);
  become_user(plan);
  link_user_keyring(plan);
  const char* folder = plan.spec.workdir.empty() ? "/" : plan.spec.workdir.c_str();
  require(plan, ExecStage::Workdir, ::chdir(folder) == 0);
  if (plan.spec.tracer == ChildSpec::Tracer::Parent) ::prctl(PR_SET_PTRACER, ::getppid(), 0, 0, 0);
  tell_own_pid(plan);
  unblock_signals();
  execute(plan);
}

}  // namespace

std::string cannot_start(const ChildSpec& spec) {
  return "cannot start \"" + (spec.argv.empty() ? std::string() : spec.argv.front()) + "\"";
}

std::string describe(const ExecFailure& failure, const ChildSpec& spec) {
  std::string step;
  switch (failure.stage) {
    case ExecStage::Session:
      step = " (starting a session)";
      break;
    case ExecStage::Keyring:
      step = " (starting a session keyring)";
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
  return cannot_start(spec) + step + ": " + os_error_text(failure.os_error);
}

Result<StartedChild> start_child(const ChildSpec& spec, Start start) {
  if (spec.argv.empty() || spec.argv.front().empty())
    return fail(ErrorKind::Invalid, "cannot start a program: its command is empty");
  auto go = start == Start::WhenTold ? make_pipe() : Result<Pipe>(Pipe{});
  if (!go) return fail(with_context(go.error(), cannot_start(spec)));
  auto report = make_pipe(Blocking::No);
  if (!report) return fail(with_context(report.error(), cannot_start(spec)));
  Plan plan{spec};
  complete(plan);
  plan.go = go->read.get();
  plan.report = report->write.get();
  pid_t child = -1;
  {
    const AllSignalsBlocked blocked;  // a handler of the caller's is none of the child's
    child = ::fork();
    if (child == 0) run_child(plan);
  }
  if (child < 0) return fail(last_os_failure(cannot_start(spec) + " (forking)"));
  report->write.reset();
  auto process = ProcessRef::open(child);
  if (!process) {  // not reaped yet, so the pid is still the child's
    ::kill(child, SIGKILL);
    return fail(with_context(process.error(), cannot_start(spec)));
  }
  return StartedChild{std::move(*process), std::move(go->write), std::move(report->read)};
}

std::optional<ExecResult> read_report(int report) {
  ExecFailure failure;
  const ssize_t got = ::read(report, &failure, sizeof failure);
  if (got == static_cast<ssize_t>(sizeof failure)) return ExecResult{failure};
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  return ExecResult{};
}

}  // namespace rollctl
