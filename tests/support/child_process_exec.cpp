// SPDX-License-Identifier: MIT
#include "support/child_process_exec.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace rollctl::test {
namespace {

std::string_view variable_name(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

[[noreturn]] void report_and_exit(int report_fd) {
  int error = errno;
  [[maybe_unused]] ssize_t ignored = write(report_fd, &error, sizeof error);
  _exit(127);
}

}  // namespace

std::vector<std::string> merge_environment(const std::vector<std::string>& changes) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bool changed = std::ranges::any_of(
        changes, [&](const auto& change) { return variable_name(change) == variable_name(*entry); });
    if (!changed) merged.emplace_back(*entry);
  }
  for (const auto& change : changes) {
    if (change.find('=') != std::string::npos) merged.push_back(change);
  }
  return merged;
}

std::vector<char*> exec_array(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

[[noreturn]] void become_child(const ExecPlan& plan, int report_fd) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) _exit(127);

  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);

  // Moves sources away from all target numbers, so that no dup2 overwrites a source.
  int lowest_free = 3;
  for (const auto& [ours, theirs] : plan.fds) lowest_free = std::max(lowest_free, theirs + 1);
  int report = fcntl(report_fd, F_DUPFD_CLOEXEC, lowest_free);
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  std::array<int, 64> sources{};
  for (size_t i = 0; i < plan.fds.size(); ++i) {
    sources.at(i) = fcntl(plan.fds[i].first, F_DUPFD_CLOEXEC, lowest_free);
    if (sources.at(i) < 0) report_and_exit(report);
  }
  for (size_t i = 0; i < plan.fds.size(); ++i) {
    if (dup2(sources.at(i), plan.fds[i].second) < 0) report_and_exit(report);
  }

  if (plan.uid) {
    if (setgroups(0, nullptr) < 0 || setgid(*plan.uid) < 0 || setuid(*plan.uid) < 0) report_and_exit(report);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // cleared by the change of uid
  }
  if (!plan.workdir.empty() && chdir(plan.workdir.c_str()) < 0) report_and_exit(report);
  execvpe(plan.argv[0], plan.argv.data(), plan.env.data());
  report_and_exit(report);
}
}  // namespace rollctl::test
