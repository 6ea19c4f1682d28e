// SPDX-License-Identifier: MIT
#include "process/launcher.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/descriptor_limit.h"
#include "base/new_child.h"
#include "process/systemd_unit.h"

namespace rollctl {

namespace {

constexpr size_t kChildStack = size_t{64} * 1024;
constexpr size_t kLongestWords = 500;

// For the two children. They share the caller's memory, so they only make system calls.
struct SpawnPlan {
  const char* program = nullptr;
  char* argv[3] = {};
  int run_dir = -1;
  int null = -1;
  int output = -1;
  int report = -1;  // receives an int: the shim's pid, or -errno
  char* shim_stack = nullptr;
};

void send_number(int fd, int number) {
  [[maybe_unused]] const ssize_t written = ::write(fd, &number, sizeof number);
}

// Closes all descriptors except 0, 1, 2 and `kept`. CLOSE_RANGE_CLOEXEC needs Linux 5.11.
bool close_all_but(int kept) {
  const auto number = static_cast<unsigned>(kept);
  const bool below = number == STDERR_FILENO + 1 || ::close_range(STDERR_FILENO + 1, number - 1, 0) == 0;
  return below && ::close_range(number + 1, ~0U, 0) == 0;
}

int become_shim(void* argument) {
  const auto& plan = *static_cast<const SpawnPlan*>(argument);
  char* no_env[] = {nullptr};
  const int report = ::fcntl(plan.report, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int run_dir = ::fcntl(plan.run_dir, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int output = ::fcntl(plan.output, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int null = ::fcntl(plan.null, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  // errno is that of the last failure; all fail for one reason, the limit of descriptors.
  if (report < 0 || run_dir < 0 || output < 0 || null < 0) {
    send_number(report < 0 ? plan.report : report, -errno);
    return 127;
  }
  reset_signal_handlers();
  ::umask(kMask);
  if (leave_session() && leave_keyring() && ::fchdir(run_dir) == 0 && ::dup2(null, STDIN_FILENO) >= 0 &&
      ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(output, STDERR_FILENO) >= 0 && close_all_but(report) &&
      restore_descriptor_limit()) {
    unblock_signals();
    ::execve(plan.program, plan.argv, no_env);
  }
  send_number(report, -errno);
  return 127;
}

int become_parent_of_shim(void* argument) {
  auto& plan = *static_cast<SpawnPlan*>(argument);
  const pid_t shim = start_vforked({plan.shim_stack, kChildStack}, become_shim, &plan);
  send_number(plan.report, shim > 0 ? shim : -errno);
  return 0;
}

Result<Fd> open_or_fail(const std::string& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd) return fail(last_os_failure("cannot open " + path));
  return fd;
}

std::string words_in(const Fd& output) {
  std::string words(kLongestWords, '\0');
  const ssize_t got = output ? ::pread(output.get(), words.data(), words.size(), 0) : 0;
  words.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return in_one_line(words);
}

}  // namespace

Error ended_early(const LaunchSpec& spec, const Fd& output) {
  std::string message = "roll-shim ended before it accepted the launch";
  if (std::string words = words_in(output); !words.empty()) message += ": " + words;
  return {ErrorKind::Failed, 0, std::move(message),
          spec.unit ? "see `journalctl -u " + unit_name(spec.app, spec.instance) + "`" : ""};
}

Result<StartedShim> DirectLauncher::start(const std::string& shim_program, const LaunchSpec& spec) {
  const auto run_dir = open_or_fail(spec.run_dir, O_PATH | O_DIRECTORY);
  if (!run_dir) return fail(run_dir.error());
  const auto null = open_or_fail("/dev/null", O_RDONLY);
  if (!null) return fail(null.error());
  StartedShim started;
  started.output = Fd(::memfd_create("roll-shim-output", MFD_CLOEXEC));
  if (!started.output) return fail(last_os_failure("cannot make a file for the output of roll-shim"));
  auto report = make_pipe();
  if (!report) return fail(report.error());

  SpawnPlan plan;
  plan.program = shim_program.c_str();
  plan.argv[0] = const_cast<char*>(plan.program);
  plan.argv[1] = const_cast<char*>(spec.run_dir.c_str());
  plan.run_dir = run_dir->get();
  plan.null = null->get();
  plan.output = started.output.get();
  plan.report = report->write.get();
  const auto stacks = std::make_unique_for_overwrite<char[]>(2 * kChildStack);
  plan.shim_stack = stacks.get() + kChildStack;
  pid_t middle = -1;
  {
    const AllSignalsBlocked blocked;
    middle = start_vforked({stacks.get(), kChildStack}, become_parent_of_shim, &plan);
  }
  if (middle < 0) return fail(last_os_failure("cannot start " + shim_program));
  reap(middle);
  report->write.reset();
  for (int number = 0; ::read(report->read.get(), &number, sizeof number) == sizeof number;) {
    if (number < 0) return fail(os_failure("cannot start " + shim_program, -number));
    auto process = ProcessRef::open(number);
    if (!process && process.error().kind != ErrorKind::NotFound) return fail(process.error());
    if (!process) return fail(ended_early(spec, started.output));
    started.process = std::move(*process);
  }
  return started;
}

}  // namespace rollctl
