// SPDX-License-Identifier: MIT
#include "support/early_stopper.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/process_ref.h"

namespace rollctl::test {

namespace {

[[noreturn]] void stop_the_first(uid_t user, pid_t root, int stopped) {
  if (::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0) ::_exit(1);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // cleared by the change of uid
  for (;;) {
    for (const pid_t pid : process_tree(root).value_or(std::vector<pid_t>())) {
      if (pid == ::getpid() || ::kill(pid, SIGSTOP) != 0) continue;
      (void)!::write(stopped, &pid, sizeof pid);
      ::_exit(0);
    }
  }
}

}  // namespace

EarlyStopper::EarlyStopper(uid_t user) {
  auto pipe = make_pipe();
  const pid_t root = ::getpid();
  pid_ = pipe ? ::fork() : -1;
  if (pid_ == 0) stop_the_first(user, root, pipe->write.get());
  EXPECT_GT(pid_, 0);
  if (pipe) stopped_ = std::move(pipe->read);
}

EarlyStopper::~EarlyStopper() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::optional<pid_t> EarlyStopper::await(Millis patience) {
  pollfd readable{stopped_.get(), POLLIN, 0};
  pid_t pid = 0;
  if (::poll(&readable, 1, static_cast<int>(patience.count())) != 1 ||
      ::read(stopped_.get(), &pid, sizeof pid) != sizeof pid)
    return std::nullopt;
  return pid;
}

// Each folder costs a failing execve(2); a variable is limited to 128 KiB.
std::string EarlyStopper::long_path() {
  std::string path;
  for (int i = 0; i < 30'000; ++i) path += "/n:";
  return path + "/usr/bin:/bin";
}

}  // namespace rollctl::test
