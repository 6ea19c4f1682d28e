// SPDX-License-Identifier: MIT
#include "support/other_user.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/fd.h"

namespace rollctl::test {

OtherUser::OtherUser(uid_t uid, const std::function<void()>& act, const std::function<void()>& after) {
  auto done = make_pipe();
  pid_ = ::fork();
  if (pid_ == 0) {
    if (::setgid(uid) != 0 || ::setuid(uid) != 0) ::_exit(1);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // cleared by the change of uid
    ::prctl(PR_SET_DUMPABLE, 1);         // as a program that such a user has started
    act();
    (void)write_all(done->write.get(), "x");
    done->write.reset();
    if (after) after();
    for (;;) ::pause();
  }
  done->write.reset();
  EXPECT_EQ(read_all(done->read.get(), 1).value_or(""), "x");
}

OtherUser::~OtherUser() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

ProcessId OtherUser::id() const {
  return ProcessRef::open(pid_)->id();
}

}  // namespace rollctl::test
