// SPDX-License-Identifier: MIT
#include "net/taken_sockets.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "net/sock_diag.h"
#include "steering/reuseport.h"
#include "support/net_namespace.h"

namespace rollctl::test {
namespace {

class TakenSocketsTest : public NetNamespaceTest {
 protected:
  void connect_clients(int count) {
    if (!listener_) listener_ = listen_on(v4("127.0.0.1"));
    for (int i = 0; i < count; ++i) {
      clients_.push_back(connect_to(v4("127.0.0.1")));
      accepted_.emplace_back(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      ASSERT_TRUE(accepted_.back());
    }
  }
  static uint32_t inode_of(const Fd& fd) {
    struct stat status{};
    EXPECT_EQ(::fstat(fd.get(), &status), 0);
    return static_cast<uint32_t>(status.st_ino);
  }
  [[nodiscard]] std::vector<uint32_t> inodes() const {
    std::vector<uint32_t> all;
    for (const Fd& fd : accepted_) all.push_back(inode_of(fd));
    std::ranges::sort(all);
    return all;
  }
  static std::map<uint32_t, int> taken(const ProcessId& root, const std::vector<uint32_t>& inodes) {
    std::map<uint32_t, int> times;
    const Status done = take_sockets(root, inodes, [&](const TakenSocket& socket) {
      EXPECT_EQ(inode_of(socket.fd), socket.inode);
      ++times[socket.inode];
    });
    EXPECT_TRUE(done) << done.error().message;
    return times;
  }

  Fd listener_;
  std::vector<Fd> clients_, accepted_;
};

TEST_F(TakenSocketsTest, TakesEachOnceHoweverManyThereAre) {
  connect_clients(300);
  const Fd second(::dup(accepted_.front().get()));
  const auto times = taken(own_id(), inodes());
  EXPECT_EQ(times.size(), 300U);
  EXPECT_TRUE(std::ranges::all_of(times, [](const auto& entry) { return entry.second == 1; }));
}

TEST_F(TakenSocketsTest, PassesOverWhatIsNotOfThatTree) {
  connect_clients(2);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(accepted_.front().get());
    for (;;) ::pause();
  }
  const auto process = ProcessRef::open(child);
  ASSERT_TRUE(process);
  const uint32_t closed = inode_of(accepted_.front());
  // Until the child has closed it.
  std::map<uint32_t, int> times;
  do {
    times = taken(process->id(), inodes());
  } while (times.contains(closed));
  EXPECT_EQ(times.size(), 1U);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_F(TakenSocketsTest, NeedsFewDescriptors) {
  connect_clients(300);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit before = limit;
  limit.rlim_cur = 1000;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(taken(own_id(), inodes()).size(), 300U);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(TakenSocketsTest, LiveConnectionsTellWhatTheyDo) {
  connect_clients(3);
  ASSERT_EQ(::send(clients_[0].get(), "unread", 6, MSG_NOSIGNAL), 6);
  clients_[1].reset();
  auto diag = SockDiag::create();
  ASSERT_TRUE(diag);
  const uint16_t port = kPort;
  const auto live = diag->live_connections(std::span(&port, 1));
  ASSERT_TRUE(live) << live.error().message;
  ASSERT_EQ(live->size(), 3U);
  const auto find = [&](const Fd& fd) {
    return *std::ranges::find(*live, inode_of(fd), &LiveConnection::inode);
  };
  EXPECT_TRUE(find(accepted_[0]).has_data);
  EXPECT_FALSE(find(accepted_[1]).is_established);
  EXPECT_FALSE(find(accepted_[2]).has_data);
  EXPECT_TRUE(find(accepted_[2]).is_established);
  EXPECT_NE(find(accepted_[2]).cookie, 0U);
}

TEST_F(TakenSocketsTest, AConnectionThatNobodyHasAcceptedIsNotAlive) {
  listener_ = listen_on(v4("127.0.0.1"));
  clients_.push_back(connect_to(v4("127.0.0.1")));
  auto diag = SockDiag::create();
  ASSERT_TRUE(diag);
  const uint16_t port = kPort;
  const auto live = diag->live_connections(std::span(&port, 1));
  ASSERT_TRUE(live);
  EXPECT_TRUE(live->empty());
}

}  // namespace
}  // namespace rollctl::test
