// SPDX-License-Identifier: MIT
#include "net/other_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "net/process_sockets.h"
#include "steering/reuseport.h"
#include "support/net_namespace.h"
#include "support/other_user.h"
#include "support/without_capability.h"

namespace rollctl::test {
namespace {

constexpr uid_t kUser = 61'231;  // of no other test: one of its processes stops all that it may
const ListenAddress kServed = *ListenAddress::parse("127.0.0.1:8080");

class OtherProcessTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped()) return;
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: it becomes other users";
    auto diag = SockDiag::create();
    ASSERT_TRUE(diag) << diag.error().message;
    diag_.emplace(std::move(*diag));
  }
  static void listen() { (void)listen_on(v4("127.0.0.1")).release(); }
  Result<std::vector<TakenListener>> take(const ProcessId& id) {
    return listeners_of(*diag_, id, std::span(&kServed, 1));
  }

  std::optional<SockDiag> diag_;
};

TEST_F(OtherProcessTest, RootWithoutPtraceTakesTheListenersOfAnyUser) {
  const OtherUser server(kUser, listen);
  const WithoutCapability ptrace(CAP_SYS_PTRACE);
  const auto taken = take(server.id());
  ASSERT_TRUE(taken) << taken.error().message;
  ASSERT_EQ(taken->size(), 1U);
  EXPECT_EQ(taken->front().socket.uid, kUser);
  const auto again = take_again(taken->front().place);
  EXPECT_TRUE(again) << again.error().message;
}

TEST_F(OtherProcessTest, RootWithoutPtraceNamesTheOwnerOfASocketOfAnyUser) {
  const OtherUser server(kUser, listen);
  const WithoutCapability ptrace(CAP_SYS_PTRACE);
  const auto sockets = diag_->listeners();
  ASSERT_TRUE(sockets);
  ASSERT_EQ(sockets->size(), 1U);
  const auto owner = find_owner(sockets->front().inode);
  ASSERT_TRUE(owner && *owner);
  EXPECT_EQ((*owner)->pid, server.id().pid);
}

TEST_F(OtherProcessTest, RootWithoutPtraceTakesTheListenerOfAWorkerOfAnotherUser) {
  auto ready = make_pipe();
  const pid_t root = ::fork();
  if (root == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const OtherUser worker(kUser, listen);
    (void)write_all(ready->write.get(), "x");
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready->read.get(), &byte, 1), 1);
  {
    const WithoutCapability ptrace(CAP_SYS_PTRACE);
    const auto taken = take(ProcessRef::open(root)->id());
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_EQ(taken->size(), 1U);
  }
  ::kill(root, SIGKILL);
  ::waitpid(root, nullptr, 0);
}

// A change of the file system user resets them.
TEST_F(OtherProcessTest, LookingChangesNothingOfTheCaller) {
  const OtherUser server(kUser, listen);
  ASSERT_EQ(::prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
  {
    const WithoutCapability ptrace(CAP_SYS_PTRACE);
    const auto sockets = open_sockets(server.id().pid);
    ASSERT_TRUE(sockets) << sockets.error().message;
    EXPECT_FALSE(sockets->empty());
  }
  int death_signal = 0;
  ASSERT_EQ(::prctl(PR_GET_PDEATHSIG, &death_signal), 0);
  EXPECT_EQ(death_signal, SIGUSR1);
  EXPECT_EQ(::prctl(PR_SET_PDEATHSIG, 0), 0);
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 1);
  const Fd file(::open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC));
  const std::string status = read_all(file.get(), 1 << 16).value_or("");
  EXPECT_NE(status.find("\nUid:\t0\t0\t0\t0\n"), std::string::npos) << status;
  EXPECT_NE(status.find("\nGid:\t0\t0\t0\t0\n"), std::string::npos) << status;
  EXPECT_TRUE(has_capability(CAP_DAC_OVERRIDE)) << "a file system user other than root has none";
}

TEST_F(OtherProcessTest, SaysThatAProcessThatIsNotDumpableMayNotBeLookedAt) {
  const OtherUser server(kUser, [] {
    listen();
    ::prctl(PR_SET_DUMPABLE, 0);
  });
  EXPECT_TRUE(take(server.id())) << "CAP_SYS_PTRACE suffices";
  const WithoutCapability ptrace(CAP_SYS_PTRACE);
  EXPECT_EQ(open_sockets(server.id().pid).error().os_error, EACCES);
  const auto inodes = socket_inodes(server.id());
  EXPECT_TRUE(!inodes && inodes.error().os_error == EACCES) << "it was taken for one without sockets";
  EXPECT_EQ(take(server.id()).error().kind, ErrorKind::NotPermitted);
}

TEST_F(OtherProcessTest, SaysBeforehandWhetherListenersCanBeTaken) {
  EXPECT_TRUE(taking_available(kUser, kUser));
  const WithoutCapability ptrace(CAP_SYS_PTRACE);
  EXPECT_TRUE(taking_available(kUser, kUser)) << "it acts as that user";
  const WithoutCapability setgid(CAP_SETGID);
  EXPECT_TRUE(taking_available(::geteuid(), ::getegid()));
  EXPECT_EQ(taking_available(kUser, kUser).error().kind, ErrorKind::NotPermitted);
}

// Accepts one connection, keeps it, and listens no more.
void keep_a_connection() {
  Fd listener = listen_on(v4("127.0.0.1"));
  (void)connect_to(v4("127.0.0.1")).release();
  EXPECT_GE(::accept(listener.get(), nullptr, nullptr), 0);
}

TEST_F(OtherProcessTest, CountsTheConnectionsThatNobodyIsSeenToHaveWhereItMayNotLook) {
  const OtherUser visible(kUser, keep_a_connection);
  const OtherUser hidden(kUser, [] {
    keep_a_connection();
    keep_a_connection();
    ::prctl(PR_SET_DUMPABLE, 0);
  });
  const uint16_t port = kPort;
  const auto count = [&](const ProcessId& root) {
    return count_connections(*diag_, root, std::span(&port, 1)).value_or(99);
  };
  EXPECT_EQ(count(visible.id()), 1U);
  EXPECT_EQ(count(hidden.id()), 2U);
  const WithoutCapability ptrace(CAP_SYS_PTRACE);
  EXPECT_EQ(count(visible.id()), 1U);
  EXPECT_EQ(count(hidden.id()), 2U);
  EXPECT_EQ(count(own_id()), 3U) << "a tree with a hidden child";
}

TEST_F(OtherProcessTest, WithoutTheCapabilityToChangeItsUserItMayNotTake) {
  const OtherUser server(kUser, listen);
  const WithoutCapability ptrace(CAP_SYS_PTRACE);
  const WithoutCapability setuid(CAP_SETUID);
  EXPECT_EQ(take(server.id()).error().kind, ErrorKind::NotPermitted);
}

// The child that takes has the real ids of that user for a moment.
TEST_F(OtherProcessTest, AUserWhoStopsTheChildThatTakesDoesNotStopTheCaller) {
  const pid_t tester = ::getpid();
  const OtherUser server(kUser, listen, [&] {
    for (;;)
      for (const pid_t pid : process_tree(tester).value_or(std::vector<pid_t>()))
        if (pid != ::getpid()) ::kill(pid, SIGSTOP);
  });
  const WithoutCapability ptrace(CAP_SYS_PTRACE);
  Status taken;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (taken && std::chrono::steady_clock::now() < deadline) {
    const auto now = take(server.id());
    if (!now) taken = fail(now.error());
  }
  ASSERT_FALSE(taken) << "it was never quick enough";
  EXPECT_EQ(taken.error().kind, ErrorKind::NotPermitted);
  EXPECT_EQ(process_tree(tester)->size(), 2U) << "the tester and the server: the child was reaped";
}

}  // namespace
}  // namespace rollctl::test
