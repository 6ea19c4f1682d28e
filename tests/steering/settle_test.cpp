// SPDX-License-Identifier: MIT
#include "steering/settle.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <thread>

#include "bpf/grace_period.h"
#include "steering/steering_fixture.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;
// Instance 1 serves, instance 2 is its successor.
class SettleTest : public SteeringByTest {
 protected:
  void steer(std::initializer_list<const Fd*> old_ones, std::initializer_list<const Fd*> fresh) {
    add(1, old_ones);
    add(2, fresh);
    shift({{1, 1.0}});
  }
};

INSTANTIATE_TEST_SUITE_P(By, SettleTest, testing::Values(By::Ebpf, By::Classic),
                         [](const auto& instance) { return name_of(instance.param); });

// Drops every segment for the listener but SYNs: the ACK that would finish a handshake is lost.
void hold_back_acks(const Fd& listener) {
  sock_filter code[] = {{BPF_LD | BPF_B | BPF_ABS, 0, 0, 13},
                        {BPF_JMP | BPF_JSET | BPF_K, 0, 1, 0x02},
                        {BPF_RET | BPF_K, 0, 0, 0xffff},
                        {BPF_RET | BPF_K, 0, 0, 0}};
  const sock_fprog program{std::size(code), code};
  ASSERT_EQ(::setsockopt(listener.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
}

void let_acks_through(const Fd& listener) {
  const int unused = 0;
  ASSERT_EQ(::setsockopt(listener.get(), SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused), 0);
}

// The client's next segment carries the missing ACK.
void speak(const std::vector<Fd>& clients) {
  for (const auto& client : clients) ASSERT_EQ(::send(client.get(), "x", 1, MSG_NOSIGNAL), 1);
}

TEST_P(SettleTest, IsOverAtOnceWhenNothingIsOpen) {
  const Fd old_listener = listen_on(kAny);
  const Fd new_listener = listen_on(kAny);
  steer({&old_listener}, {&new_listener});
  for (int i = 0; i < 20; ++i) {
    shift({{2, 1.0}});
    const auto result = steering_->settle(1, 3s)->poll();
    ASSERT_TRUE(result) << "a first look is enough";
    EXPECT_EQ(result->left(), 0U);
    shift({{1, 1.0}});
  }
}

TEST_P(SettleTest, WaitsForHandshakesAndTheAcceptQueueSoThatClosingLosesNothing) {
  Fd old_listener = listen_on(kAny);
  const Fd new_listener = listen_on(kAny);
  steer({&old_listener}, {&new_listener});
  hold_back_acks(old_listener);
  std::vector<Fd> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(connect_to(kLocal));

  shift({{2, 1.0}});
  const auto settlement = steering_->settle(1, 30s);
  EXPECT_FALSE(settlement->poll()) << "handshakes are half-open";
  EXPECT_EQ(accept_all(old_listener), 0);
  let_acks_through(old_listener);
  speak(clients);
  EXPECT_FALSE(settlement->poll()) << "the accept queue is full";
  EXPECT_EQ(accept_all(old_listener), 100);
  const auto result = await(*settlement);
  EXPECT_EQ(result.left(), 0U);
  close_and_await(old_listener);
  EXPECT_EQ(accept_all(new_listener), 0) << "nothing had to be migrated";
  EXPECT_EQ(steering_->counters(2).value_or(SteeringCounters()).migrations, 0U);
}

TEST_P(SettleTest, DoesNotWaitForHandshakesThatBeganLater) {
  Fd old_listener = listen_on(kAny);
  const Fd new_listener = listen_on(kAny);
  steer({&old_listener}, {&new_listener});
  hold_back_acks(old_listener);
  const Fd first = connect_to(kLocal);
  shift({{2, 1.0}});
  const auto settlement = steering_->settle(1, 30s);
  EXPECT_FALSE(settlement->poll());

  hold_back_acks(new_listener);
  std::vector<Fd> later;
  for (int i = 0; i < 20; ++i) later.push_back(connect_to(kLocal));
  let_acks_through(old_listener);
  ASSERT_EQ(::send(first.get(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(accept_all(old_listener), 1);
  EXPECT_EQ(await(*settlement).left(), 0U);
}

TEST_P(SettleTest, IsOverAtOnceWithoutClients) {
  const Fd old_listener = listen_on(kAny);
  const Fd new_listener = listen_on(kAny);
  steer({&old_listener}, {&new_listener});
  shift({{2, 1.0}});
  const auto result = steering_->settle(1, 3s)->poll();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->left(), 0U);
}

TEST_P(SettleTest, CountsAConnectionThatBeganBeforeItWasSteered) {
  const Fd old_listener = listen_on(kAny);
  const Fd new_listener = listen_on(kAny);
  const Fd queued = connect_to(kLocal);  // the kernel chooses the listener
  add(1, {&old_listener});
  add(2, {&new_listener});
  shift({{1, 1.0}, {2, 1.0}});
  shift({{2, 1.0}});
  const auto first = steering_->settle(1, 0ms)->poll();
  shift({{1, 1.0}});
  const auto second = steering_->settle(2, 0ms)->poll();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->queued + second->queued, 1U);
}

TEST_P(SettleTest, WaitsForAHandshakeThatBeganBeforeItWasSteered) {
  const Fd old_listener = listen_on(kAny);
  hold_back_acks(old_listener);
  const Fd client = connect_to(kLocal);
  const Fd new_listener = listen_on(kAny);
  steer({&old_listener}, {&new_listener});
  shift({{2, 1.0}});
  EXPECT_FALSE(steering_->settle(1, 30s)->poll());
}

TEST_P(SettleTest, WaitsForAHandshakeThatBeganAfterItWasSteered) {
  const Fd old_listener = listen_on(kAny);
  const Fd new_listener = listen_on(kAny);
  steer({&old_listener}, {&new_listener});
  hold_back_acks(old_listener);
  const Fd client = connect_to(kLocal);
  shift({{2, 1.0}});
  EXPECT_FALSE(steering_->settle(1, 30s)->poll());
}

// A restarted server that founds a new group gets clients before it is steered.
TEST_F(EbpfSteeringTest, WaitsForTheHandshakesOfARestartedServer) {
  Fd listener = listen_on(kAny);
  add(1, {&listener});
  shift({{1, 1.0}});
  close_and_await(listener);
  listener = listen_on(kAny);
  hold_back_acks(listener);
  const Fd client = connect_to(kLocal);
  const Fd new_listener = listen_on(kAny);
  add(1, {&listener});
  add(2, {&new_listener});
  shift({{2, 1.0}});
  EXPECT_FALSE(steering_->settle(1, 30s)->poll());
}

TEST_P(SettleTest, TellsWhatIsLeftWhenTheBoundIsReached) {
  const Fd old_listener = listen_on(kAny);
  const Fd new_listener = listen_on(kAny);
  steer({&old_listener}, {&new_listener});
  const Fd queued = connect_to(kLocal);
  hold_back_acks(old_listener);
  std::vector<Fd> half_open;
  for (int i = 0; i < 7; ++i) half_open.push_back(connect_to(kLocal));
  shift({{2, 1.0}});
  const auto result = await(*steering_->settle(1, 30ms));
  EXPECT_EQ(result.left(), 8U);
  EXPECT_GE(result.after, 30ms);
}

TEST_P(SettleTest, SettlesSeveralAddressesOfBothFamiliesAtOnce) {
  const Endpoint dual = v6("::", 8081);
  const Fd old_v4 = listen_on(kAny);
  const Fd old_v6 = listen_on(dual, Dual::Yes);
  const Fd new_v4 = listen_on(kAny);
  const Fd new_v6 = listen_on(dual, Dual::Yes);
  steer({&old_v4, &old_v6}, {&new_v4, &new_v6});
  hold_back_acks(old_v6);
  std::vector<Fd> clients;
  clients.push_back(connect_to(v4("127.0.0.1", 8081)));
  clients.push_back(connect_to(v6("::1", 8081)));
  shift({{2, 1.0}});
  const auto settlement = steering_->settle(1, 30s);
  EXPECT_FALSE(settlement->poll());
  let_acks_through(old_v6);
  ASSERT_EQ(::send(clients[0].get(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(accept_all(old_v6), 1);
  EXPECT_FALSE(settlement->poll());
  ASSERT_EQ(::send(clients[1].get(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(accept_all(old_v6), 1);
  EXPECT_EQ(await(*settlement).left(), 0U);
}

TEST_P(SettleTest, LosesAndMigratesNothingWhileListenersComeAndGoUnderLoad) {
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0;
  std::atomic<int> failed = 0;
  auto listener = std::make_shared<const Fd>(listen_on(kAny));
  add(1, {&*listener});
  shift({{1, 1.0}});

  // Each listener has a server thread, which ends before the listener is closed.
  struct Server {
    std::shared_ptr<const Fd> listener;
    std::shared_ptr<std::atomic<bool>> leave = std::make_shared<std::atomic<bool>>(false);
    std::thread thread;
  };
  const auto serve = [](std::shared_ptr<const Fd> own) {
    Server server;
    server.listener = std::move(own);
    server.thread = std::thread([own_listener = server.listener, leave = server.leave] {
      while (!*leave) {
        const Fd client(::accept4(own_listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
        char byte = 0;
        if (client && ::recv(client.get(), &byte, 1, 0) == 1) ::send(client.get(), &byte, 1, MSG_NOSIGNAL);
      }
    });
    return server;
  };
  Server current = serve(listener);
  listener.reset();

  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (!stop) {
        const Fd client = connect_to(kLocal);
        char byte = 'x';
        const bool ok = client && ::send(client.get(), &byte, 1, MSG_NOSIGNAL) == 1 &&
                        ::recv(client.get(), &byte, 1, 0) == 1;
        ++(ok ? answered : failed);
      }
    });
  }
  uint64_t migrations = 0;
  for (InstanceId next = 2; next < 42; ++next) {
    const int before = answered;
    while (answered < before + 20) std::this_thread::yield();
    auto fresh = std::make_shared<const Fd>(listen_on(kAny));
    add(next, {&*fresh});
    Server replacement = serve(std::move(fresh));
    shift({{next, 1.0}});
    EXPECT_EQ(await(*steering_->settle(next - 1, 10s)).left(), 0U);
    *current.leave = true;
    current.thread.join();
    current.listener.reset();  // the last descriptor: the thread's is closed
    migrations += steering_->counters(next).value_or(SteeringCounters()).migrations;
    EXPECT_TRUE(steering_->remove(next - 1));
    current = std::move(replacement);
  }
  stop = true;
  for (auto& client : clients) client.join();
  *current.leave = true;
  current.thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(migrations, 0U);
  EXPECT_GT(answered, 800);
}

void expect_grace_period_to_leave_the_thread_as_it_was() {
  const int policy = ::sched_getscheduler(0);
  sched_param priority_before{};
  sched_param priority_after{};
  cpu_set_t before;
  cpu_set_t after;
  ASSERT_EQ(::sched_getparam(0, &priority_before), 0);
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  grace_period();
  ASSERT_EQ(::sched_getaffinity(0, sizeof after, &after), 0);
  ASSERT_EQ(::sched_getparam(0, &priority_after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
  EXPECT_EQ(::sched_getscheduler(0), policy);
  EXPECT_EQ(priority_after.sched_priority, priority_before.sched_priority);
}

TEST(GracePeriodTest, LeavesAffinityAndPriorityAsTheyWere) {
  expect_grace_period_to_leave_the_thread_as_it_was();
}

// A thread that it preempts on another CPU continues there.
TEST(GracePeriodTest, EndsWhereItBegan) {
  constexpr int kRounds = 20;
  int stayed = 0;
  for (int round = 0; round < kRounds; ++round) {
    const int before = ::sched_getcpu();
    grace_period();
    if (::sched_getcpu() == before) ++stayed;
  }
  EXPECT_GT(stayed, kRounds / 2);
}

TEST(GracePeriodTest, LeavesARealTimePriorityAsItWas) {
  sched_param parameters{};
  for (const int priority : {1, 10, ::sched_get_priority_max(SCHED_RR)}) {
    parameters.sched_priority = priority;
    if (::sched_setscheduler(0, SCHED_RR, &parameters) != 0)
      GTEST_SKIP() << "needs the right to a real-time priority";
    expect_grace_period_to_leave_the_thread_as_it_was();
  }
  parameters.sched_priority = 0;
  ASSERT_EQ(::sched_setscheduler(0, SCHED_OTHER, &parameters), 0);
}

// The way of a process that may not move to other CPUs, and whose membarrier(2) refuses the commands up to
// `last_refused`.
int grace_way_with(uint32_t last_refused) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto answer = [](int failure) -> sock_filter {
      return BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(failure));
    };
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_setaffinity, 0, 1),
        answer(EPERM),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last_refused, 1, 0),
        answer(EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{std::size(filter), filter};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
      ::_exit(100);
    ::_exit(static_cast<int>(grace_period()));
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(GracePeriodTest, GoesOnWhereTheKernelRefusesTheUsualWays) {
  EXPECT_EQ(grace_way_with(0), static_cast<int>(GraceWay::Membarrier));
  // As beside nohz_full CPUs.
  EXPECT_EQ(grace_way_with(MEMBARRIER_CMD_GLOBAL), static_cast<int>(GraceWay::Registration));
  EXPECT_EQ(grace_way_with(UINT32_MAX - 1), static_cast<int>(GraceWay::Pause));
}

}  // namespace
}  // namespace rollctl::test
