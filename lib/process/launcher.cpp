// SPDX-License-Identifier: MIT
#include "process/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "process/json_reader.h"
#include "process/packet_socket.h"
#include "process/shim_connection.h"
#include "process/shim_protocol.h"
#include "process/systemd_launcher.h"
#include "process/systemd_unit.h"

namespace roll {

namespace {

constexpr Millis kConnectDeadline{5000};

constexpr size_t kChildStack = size_t{64} * 1024;

// What the two children need. They share the caller's memory, so they only make system calls.
struct SpawnPlan {
  const char* program = nullptr;
  char* argv[3] = {};
  int run_dir = -1;
  int null = -1;
  int log = -1;
  int report = -1;  // gets an int: the shim's pid, or an errno as a negative number
  char* shim_stack = nullptr;
};

// As vfork(2), but each child on a stack of its own: vfork within vfork confuses the sanitizers. The child
// ends when `run` returns.
pid_t start_child(int (*run)(void*), char* stack, SpawnPlan& plan) {
  return ::clone(run, stack + kChildStack, CLONE_VM | CLONE_VFORK | SIGCHLD, &plan);
}

void send_number(int fd, int number) {
  [[maybe_unused]] const ssize_t written = ::write(fd, &number, sizeof number);
}

int become_shim(void* argument) {
  const auto& plan = *static_cast<const SpawnPlan*>(argument);
  char* no_env[] = {nullptr};
  const int report = ::fcntl(plan.report, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int run_dir = ::fcntl(plan.run_dir, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int log = ::fcntl(plan.log, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int null = ::fcntl(plan.null, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  struct sigaction by_default{};
  by_default.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &by_default, nullptr);
  sigset_t none;
  sigemptyset(&none);
  if (report >= 0 && ::setsid() >= 0 && ::fchdir(run_dir) == 0 && ::dup2(null, STDIN_FILENO) >= 0 &&
      ::dup2(log, STDOUT_FILENO) >= 0 && ::dup2(log, STDERR_FILENO) >= 0 &&
      ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
      ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0)
    ::execve(plan.program, plan.argv, no_env);
  send_number(report, -errno);
  return 127;
}

int become_parent_of_shim(void* argument) {
  auto& plan = *static_cast<SpawnPlan*>(argument);
  const pid_t shim = start_child(become_shim, plan.shim_stack, plan);
  send_number(plan.report, shim > 0 ? shim : -errno);
  return 0;
}

// A signal handler that ran in a child would run in the caller's memory.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

Result<Fd> open_or_fail(const std::string& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC, 0640));
  if (!fd) return fail(last_os_failure("cannot open " + path));
  return fd;
}

// The spec as a file without a name: it may be longer than a packet.
Result<Fd> spec_file(const LaunchSpec& spec) {
  Fd file(::memfd_create("launch-spec", MFD_CLOEXEC));
  if (!file) return fail(last_os_failure("cannot make a file for the launch spec"));
  if (Status written = write_all(file.get(), json_text(to_json(spec))); !written)
    return fail(written.error());
  return file;
}

Error ended_early(const LaunchSpec& spec) {
  return {ErrorKind::Failed, 0, "roll-shim ended before it took its orders",
          spec.unit ? "see `journalctl -u " + unit_name(spec.app, spec.instance) + "`"
                    : "its reason is in " + spec.log_path};
}

// The shim's connection, from the process that was started and nobody else.
Result<Fd> await_shim(int listener, const std::optional<ProcessRef>& shim, const LaunchSpec& spec) {
  const auto deadline = std::chrono::steady_clock::now() + kConnectDeadline;
  for (;;) {
    auto connection = accept_for_packets(listener);
    if (!connection) return fail(connection.error());
    if (*connection && check_peer((*connection)->get())) return std::move(**connection);
    if (*connection) continue;
    if (shim && shim->has_exited()) return fail(ended_early(spec));
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    if (left <= Millis(0)) {
      return fail(ErrorKind::Failed, "roll-shim did not connect within 5 s",
                  spec.unit ? "see `journalctl -u " + unit_name(spec.app, spec.instance) + "`" : "");
    }
    pollfd waiting[2] = {{listener, POLLIN, 0}, {shim ? shim->fd() : -1, POLLIN, 0}};
    ::poll(waiting, 2, static_cast<int>(left.count()));
  }
}

ProcessId peer_process(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) return {};
  const auto process = ProcessRef::open(peer.pid);
  return process ? process->id() : ProcessId{};
}

InstanceRecord first_record(const LaunchSpec& spec, ProcessId shim) {
  InstanceRecord record;
  record.id = spec.instance;
  record.app = spec.app;
  record.release = spec.release;
  record.generation = spec.generation;
  record.shim = std::move(shim);
  record.started = SystemClock().wall_now();
  record.spec = spec;
  return record;
}

}  // namespace

Result<std::optional<ProcessRef>> DirectLauncher::start(const std::string& shim_program,
                                                        const LaunchSpec& spec) {
  const auto run_dir = open_or_fail(spec.run_dir, O_PATH | O_DIRECTORY);
  if (!run_dir) return fail(run_dir.error());
  const auto null = open_or_fail("/dev/null", O_RDONLY);
  if (!null) return fail(null.error());
  const auto log = open_or_fail(spec.log_path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY);
  if (!log) return fail(log.error());
  auto report = make_pipe();
  if (!report) return fail(report.error());

  SpawnPlan plan;
  plan.program = shim_program.c_str();
  plan.argv[0] = const_cast<char*>(plan.program);
  plan.argv[1] = const_cast<char*>(spec.run_dir.c_str());
  plan.run_dir = run_dir->get();
  plan.null = null->get();
  plan.log = log->get();
  plan.report = report->write.get();
  const auto stacks = std::make_unique_for_overwrite<char[]>(2 * kChildStack);
  plan.shim_stack = stacks.get() + kChildStack;
  pid_t middle = -1;
  {
    const AllSignalsBlocked blocked;
    middle = start_child(become_parent_of_shim, stacks.get(), plan);
  }
  if (middle < 0) return fail(last_os_failure("cannot start " + shim_program));
  while (::waitpid(middle, nullptr, 0) < 0 && errno == EINTR) {
  }
  report->write.reset();
  std::optional<ProcessRef> shim;
  for (int number = 0; ::read(report->read.get(), &number, sizeof number) == sizeof number;) {
    if (number < 0) return fail(os_failure("cannot start " + shim_program, -number));
    auto process = ProcessRef::open(number);
    if (!process) return fail(ended_early(spec));
    shim = std::move(*process);
  }
  return shim;
}

Result<std::unique_ptr<ShimClient>> launch_shim_with(Launcher& launcher, Loop& loop,
                                                     const std::string& shim_program, const LaunchSpec& spec,
                                                     ShimClient::OnEvent on_event) {
  const auto file = spec_file(spec);
  if (!file) return fail(file.error());
  const auto listener = listen_for_packets(spec.run_dir, kLaunchSocket);
  if (!listener) return fail(listener.error());
  const auto shim = launcher.start(shim_program, spec);
  auto connection = shim ? await_shim(listener->get(), *shim, spec) : fail(shim.error());
  ::unlink((spec.run_dir + "/" + kLaunchSocket).c_str());
  if (!connection) return fail(connection.error());
  const int fds[] = {file->get()};
  if (Status sent = send_packet(connection->get(), to_text(shim::Request{0, shim::Launch{}}), fds); !sent)
    return fail(sent.error());
  auto record = first_record(spec, peer_process(connection->get()));
  return make_shim_client(loop, std::move(*connection), std::move(record), std::move(on_event));
}

Result<std::unique_ptr<ShimClient>> launch_shim(Loop& loop, const std::string& shim_program,
                                                const LaunchSpec& spec, ShimClient::OnEvent on_event) {
  DirectLauncher direct;
  SystemdLauncher systemd;
  Launcher& launcher = spec.unit ? static_cast<Launcher&>(systemd) : direct;
  return launch_shim_with(launcher, loop, shim_program, spec, std::move(on_event));
}

}  // namespace roll
