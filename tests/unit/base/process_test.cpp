// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/error.h"
#include "base/process_ref.h"

namespace rollctl {
namespace {

TEST(ProcessRefTest, NamesAProcessOnceAndForAll) {
  const auto self = ProcessRef::self();
  ASSERT_TRUE(self);
  EXPECT_EQ(self->id().pid, getpid());
  EXPECT_GT(self->id().start_ticks, 0u);
  EXPECT_EQ(self->id().boot_id, *current_boot_id());
  EXPECT_EQ(current_boot_id()->size(), 36u);
  EXPECT_TRUE(ProcessRef::open(self->id()));
}

TEST(ProcessRefTest, TakesNoStrangerForTheProcessThatHadItsPid) {
  ProcessId other = ProcessRef::self()->id();
  other.start_ticks -= 1;
  EXPECT_EQ(ProcessRef::open(other).error().kind, ErrorKind::NotFound);
  other = ProcessRef::self()->id();
  other.boot_id = "another boot";
  EXPECT_EQ(ProcessRef::open(other).error().kind, ErrorKind::NotFound);
}

TEST(ProcessRefTest, FindsNoProcessWithoutAName) {
  for (const pid_t pid : {0, -1}) {
    ProcessId none = ProcessRef::self()->id();
    none.pid = pid;
    EXPECT_EQ(ProcessRef::open(none).error().kind, ErrorKind::NotFound);
  }
  EXPECT_FALSE(ProcessRef::open(-1));
}

TEST(ProcessRefTest, KnowsThatItsProcessRuns) {
  const auto self = ProcessRef::self();
  EXPECT_FALSE(self->has_exited());
  EXPECT_TRUE(self->send_signal(0));
}

TEST(ProcessTreeTest, HasItsRootFirstAndKnowsWhoBelongsToIt) {
  const auto tree = *process_tree(getpid());
  ASSERT_FALSE(tree.empty());
  EXPECT_EQ(tree.front(), getpid());
  EXPECT_TRUE(*is_in_process_tree(getpid(), getpid()));
  EXPECT_TRUE(*is_in_process_tree(getpid(), getppid()));
  EXPECT_FALSE(*is_in_process_tree(getppid(), getpid()));
}

TEST(SignalNameTest, IsReadWithItsPrefixOrWithoutOrAsANumber) {
  EXPECT_EQ(parse_signal("SIGTERM").value(), SIGTERM);
  EXPECT_EQ(parse_signal("QUIT").value(), SIGQUIT);
  EXPECT_EQ(parse_signal("10").value(), 10);
  for (const char* name : {"", "SIG", "SIGNOTHING", "term", "0", "-9", "65", "9x", "SIGTERM "})
    EXPECT_EQ(parse_signal(name).error().kind, ErrorKind::Invalid) << name;
}

TEST(SignalNameTest, IsWrittenWithItsPrefix) {
  EXPECT_EQ(signal_name(SIGKILL), "SIGKILL");
  EXPECT_EQ(signal_name(40), "40");
}

TEST(ErrorTest, MeansWhatItsErrnoMeans) {
  EXPECT_EQ(os_failure("x", EACCES).kind, ErrorKind::NotPermitted);
  EXPECT_EQ(os_failure("x", EPERM).kind, ErrorKind::NotPermitted);
  EXPECT_EQ(os_failure("x", ENOENT).kind, ErrorKind::NotFound);
  EXPECT_EQ(os_failure("x", ESRCH).kind, ErrorKind::NotFound);
  EXPECT_EQ(os_failure("x", ENOSYS).kind, ErrorKind::Unsupported);
  EXPECT_EQ(os_failure("x", EBUSY).kind, ErrorKind::Busy);
  EXPECT_EQ(os_failure("x", ENOSPC).kind, ErrorKind::Failed);
}

TEST(ErrorTest, SaysWhatWhereAndWhy) {
  const Error error = with_context(os_failure("cannot open", EACCES), "web.toml");
  EXPECT_EQ(error.message, "web.toml: cannot open: Permission denied");
  EXPECT_EQ(error.os_error, EACCES);
  errno = ENOSPC;
  EXPECT_EQ(last_os_failure("cannot write").message, "cannot write: No space left on device");
}

// In a child, since it changes the limit.
int errno_of_opening_self_with(rlim_t descriptors) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit few{descriptors, descriptors};
    if (setrlimit(RLIMIT_NOFILE, &few) != 0) _exit(255);
    const auto process = ProcessRef::open(getppid());
    _exit(process ? 0 : process.error().kind == ErrorKind::NotFound ? 254 : process.error().os_error);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ProcessRefTest, WantOfDescriptorsIsNotTakenForAnEnd) {
  const auto free_fd = static_cast<rlim_t>(duplicate(0)->get());
  EXPECT_EQ(errno_of_opening_self_with(free_fd + 8), 0);
  EXPECT_EQ(errno_of_opening_self_with(free_fd + 1), EMFILE) << "there is a pidfd, but /proc cannot be read";
  EXPECT_EQ(errno_of_opening_self_with(free_fd), EMFILE);
}

TEST(ProcessRefTest, WhomProcHidesHasNotGone) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting /proc wants root";
  const pid_t child = fork();
  if (child == 0) {
    const bool hidden = unshare(CLONE_NEWNS) == 0 &&
                        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                        mount("proc", "/proc", "proc", 0, "hidepid=2") == 0 &&
                        setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0;
    if (!hidden) _exit(77);
    const auto process = ProcessRef::open(getppid());
    _exit(process ? 1 : process.error().kind == ErrorKind::NotPermitted ? 0 : 2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "this /proc cannot be mounted with hidepid";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace rollctl
