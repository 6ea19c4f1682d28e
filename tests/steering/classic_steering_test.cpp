// SPDX-License-Identifier: MIT
// Behaviour of the classic program only: positions, and the closing of listeners.
#include "steering/classic_steering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "net/tcp_connect.h"
#include "steering/find_positions.h"
#include "steering/forked_server.h"
#include "steering/interposed_calls.h"
#include "steering/steering_fixture.h"
#include "support/descriptors.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;

uint32_t inode_of(const Fd& socket) {
  struct stat status{};
  EXPECT_EQ(::fstat(socket.get(), &status), 0);
  return static_cast<uint32_t>(status.st_ino);
}

bool is_steered(const Fd& listener) {
  const int unused = 0;
  if (::setsockopt(listener.get(), SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused) == 0)
    return true;
  EXPECT_EQ(errno, ENOENT);
  return false;
}

// A server in a process of its own. Only it and the steering have the listener open.
struct Instance {
  std::unique_ptr<ForkedServer> server;
  uint32_t inode = 0;
};

class ClassicServersTest : public ClassicSteeringTest {
 protected:
  Instance begin_instance(InstanceId id) {
    Instance instance;
    Fd listener = listen_on(kAny);
    instance.inode = inode_of(listener);
    instance.server = std::make_unique<ForkedServer>(listener);
    const auto added = steering_->add(id, instance.server->id(), duplicates({&listener}));
    EXPECT_TRUE(added) << added.error().message;
    return instance;
  }

  void await_closed(const Instance& instance) {
    loop_->run_until([&] { return *count_own_descriptors(instance.inode) == 0; },
                     std::chrono::steady_clock::now() + 10s);
    ASSERT_EQ(*count_own_descriptors(instance.inode), 0U);
  }
};

TEST_F(ClassicServersTest, SendsNobodyToAnUnreadyInstanceWhenOldOnesCrash) {
  for (int round = 0; round < 10; ++round) {
    begin();
    std::vector<Instance> old;
    for (InstanceId id = 1; id <= 3; ++id) old.push_back(begin_instance(id));
    shift({{1, 1.0}, {2, 1.0}, {3, 1.0}});
    const Fd unready = listen_on(kAny);
    add(4, {&unready});

    std::atomic<bool> stop = false;
    std::atomic<int> served = 0;
    std::thread load([&] {
      while (!stop) {
        const Fd client = connect_to(kLocal);
        char byte = 0;
        if (client && ::recv(client.get(), &byte, 1, 0) == 1) ++served;
      }
    });
    const auto some = [&] {
      const int before = served;
      loop_->run_until([&] { return served >= before + 50; }, std::chrono::steady_clock::now() + 10s);
      ASSERT_GE(served, before + 50);
    };
    some();
    old[static_cast<size_t>(round % 3)].server.reset();
    some();
    old[static_cast<size_t>((round + 1) % 3)].server.reset();
    some();
    stop = true;
    load.join();
    EXPECT_EQ(accept_all(unready), 0);
    ASSERT_TRUE(steering_->detach());
  }
}

TEST_F(ClassicServersTest, LosesNobodyWhileSeveralInstancesAtATimeComeAndGoUnderLoad) {
  constexpr InstanceId kAtATime = 3;
  std::map<InstanceId, Instance> serving;
  const auto rotation_of = [](const std::map<InstanceId, Instance>& instances) {
    Rotation rotation;
    for (const auto& [id, instance] : instances) rotation[id] = 1.0;
    return rotation;
  };
  for (InstanceId id = 1; id <= kAtATime; ++id) serving[id] = begin_instance(id);
  shift(rotation_of(serving));

  std::atomic<bool> stop = false;
  std::array<std::atomic<int>, 4> answered{};  // by client
  std::atomic<int> failed = 0;
  std::vector<std::thread> clients;
  for (std::atomic<int>& own : answered) {
    clients.emplace_back([&] {
      while (!stop) {
        const Fd client = connect_to(kLocal);
        char byte = 0;
        ++(client && ::recv(client.get(), &byte, 1, 0) == 1 ? own : failed);
      }
    });
  }
  const auto await_answers_to_each = [&](int count) {
    std::array<int, 4> wanted{};
    for (size_t i = 0; i < answered.size(); ++i) wanted[i] = answered[i] + count;
    loop_->run_until([&] { return std::ranges::equal(answered, wanted, std::greater_equal()); },
                     std::chrono::steady_clock::now() + 10s);
  };
  for (InstanceId first = kAtATime + 1; first < 30 * kAtATime; first += kAtATime) {
    std::map<InstanceId, Instance> fresh;
    for (InstanceId id = first; id < first + kAtATime; ++id) fresh[id] = begin_instance(id);
    await_answers_to_each(5);
    shift(rotation_of(fresh));
    for (const auto& [id, instance] : serving) EXPECT_EQ(await(*steering_->settle(id, 10s)).left(), 0U);
    await_answers_to_each(1);  // the connections that were open are answered
    for (auto& [id, instance] : serving) {
      instance.server.reset();
      if (id % 2 == 0) continue;
      await_closed(instance);
      EXPECT_TRUE(steering_->remove(id));
    }
    serving = std::move(fresh);
  }
  stop = true;
  for (auto& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  for (const std::atomic<int>& own : answered) EXPECT_GT(own, 150);
  EXPECT_TRUE(steering_->detach());
}

TEST_F(ClassicServersTest, RefusesClientsRatherThanSendThemToAnUnreadyInstanceAndServesThemLater) {
  Instance only = begin_instance(1);
  shift({{1, 1.0}});
  const Fd unready = listen_on(kAny);
  add(2, {&unready});
  only.server.reset();
  // Clients wait or are reset until the steering knows that the listener is abandoned.
  Result<Fd> client = Fd();
  const auto is_refused = [&] {
    client = open_client({kLocal.ip, 0});
    EXPECT_TRUE(client && begin_connect(client->get(), kLocal));
    tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(::getsockopt(client->get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_state == TCP_SYN_SENT;
  };
  const Watch again = loop_->every(1ms, [] {});
  ASSERT_EQ(loop_->run_until(is_refused, std::chrono::steady_clock::now() + 10s), WaitEnd::Satisfied);
  EXPECT_EQ(accept_all(unready), 0);
  Instance restarted = begin_instance(1);
  bool connected = false;
  const Watch watch = loop_->on_writable(client->get(), [&] { connected = true; });
  loop_->run_until([&] { return connected; }, std::chrono::steady_clock::now() + 10s);
  ASSERT_TRUE(connect_outcome(client->get(), kLocal));
  EXPECT_EQ(accept_all(unready), 0);
  EXPECT_TRUE(steering_->detach());
}

TEST_F(ClassicServersTest, LetsGoOfAListenerOnceItsServerHasClosedIt) {
  Instance old = begin_instance(1);
  Instance fresh = begin_instance(2);
  shift({{1, 1.0}});
  shift({{2, 1.0}});
  EXPECT_EQ(*count_own_descriptors(old.inode), 1U);
  old.server.reset();
  await_closed(old);
  for (int i = 0; i < 50; ++i) {
    const Fd client = connect_to(kLocal);
    char byte = 0;
    ASSERT_EQ(::recv(client.get(), &byte, 1, 0), 1);
  }
}

TEST_F(ClassicSteeringTest, ReplacesWhatAKilledRollctlLeftAndLeavesNothingItself) {
  const Fd first = listen_on(kAny);
  const Fd second = listen_on(kAny);
  const size_t descriptors = count_descriptors();
  add(1, {&first});
  add(2, {&second});
  shift({{1, 1.0}});
  begin();
  connect_times(50, kLocal);
  EXPECT_EQ(accept_all(first), 50) << "it stands without its maker";

  add(1, {&first});
  add(2, {&second});
  shift({{2, 1.0}});
  connect_times(50, kLocal);
  EXPECT_EQ(accept_all(second), 50);
  ASSERT_TRUE(steering_->detach());
  EXPECT_EQ(count_descriptors(), descriptors);
  EXPECT_FALSE(is_steered(first));
}

TEST_F(ClassicSteeringTest, EndsAProgramThatWasLeftAlsoWithoutASteeringOfItsOwn) {
  const Fd listener = listen_on(kAny);
  add(1, {&listener});
  shift({{1, 1.0}});
  begin();
  add(1, {&listener});
  ASSERT_TRUE(steering_->detach());
  EXPECT_FALSE(is_steered(listener));
}

TEST_F(ClassicSteeringTest, AimsAlsoWhenMembersThatItDoesNotKnowHaveClosedMeanwhile) {
  const Fd old_listener = listen_on(kAny);
  add(1, {&old_listener});
  shift({{1, 1.0}});
  for (int round = 0; round < 20; ++round) {
    Fd stranger = listen_on(kAny);
    const Fd fresh = listen_on(kAny);
    add(2, {&fresh});
    close_listener(stranger);  // the fresh one moves into its position
    const auto connected = aimed_connect(*loop_, *steering_, 2, kLocal);
    ASSERT_TRUE(connected) << connected.error().message;
    EXPECT_EQ(accept_all(fresh), 1);
    EXPECT_EQ(accept_all(old_listener), 0);
    add(2, {});
  }
}

TEST_F(ClassicSteeringTest, NeedsNoPrivilege) {
  if (::geteuid() != 0) GTEST_SKIP() << "changes its uid, which only root may";
  // In a child, because the change cannot be undone.
  const auto steered = [&] {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) return 2;
    ::prctl(PR_SET_DUMPABLE, 1);  // as a program started by such a user
    begin();
    const Fd first = listen_on(kAny);
    const Fd second = listen_on(kAny);
    add(1, {&first});
    shift({{1, 1.0}});
    add(2, {&second});
    connect_times(100, kLocal);
    if (accept_all(first) != 100 || accept_all(second) != 0) return 3;
    for (int i = 0; i < 100; ++i) {
      if (!aimed_connect(*loop_, *steering_, 2, kLocal)) return 4;
    }
    if (accept_all(second) != 100) return 5;
    shift({{2, 1.0}});
    if (await(*steering_->settle(1, 3s)).left() != 0) return 6;
    connect_times(100, kLocal);
    if (accept_all(second) != 100) return 7;
    return steering_->detach() && !HasFailure() ? 0 : 8;
  };
  EXPECT_EXIT(::_exit(steered()), testing::ExitedWithCode(0), "");
}

using ClassicProgramTest = NetNamespaceTest;

TEST_F(ClassicProgramTest, AimsMarkedConnectionsWithinTheHostOnly) {
  const Fd first = listen_on(kAny);
  const Fd second = listen_on(kAny);
  const std::array rotation{WeightedPosition{0, 1.0}};
  ASSERT_TRUE(attach_classic_program(first.get(), build_classic_program(rotation, kNoPosition)));
  constexpr int kTos = 0x0c;  // of position 1
  constexpr int kTtl = 0x81;
  struct Case {
    const char* source;
    int tos;
    int ttl;
    int at_second;
  };
  for (const auto& [source, tos, ttl, at_second] :
       {Case{"127.0.0.1", kTos, kTtl, 1}, Case{"127.0.0.2", kTos, kTtl, 0}, Case{"127.0.0.1", 0, kTtl, 0},
        Case{"127.0.0.1", kTos, 64, 0}, Case{"127.0.0.1", 0x08, kTtl, 0}}) {
    const auto client = open_client(v4(source, 0));
    ASSERT_TRUE(client) << client.error().message;
    ASSERT_EQ(::setsockopt(client->get(), IPPROTO_IP, IP_TOS, &tos, sizeof tos), 0);
    ASSERT_EQ(::setsockopt(client->get(), IPPROTO_IP, IP_TTL, &ttl, sizeof ttl), 0);
    ASSERT_TRUE(begin_connect(client->get(), kLocal));
    EXPECT_EQ(accept_all(second), at_second) << source << ' ' << tos << ' ' << ttl;
    EXPECT_EQ(accept_all(first), 1 - at_second) << source << ' ' << tos << ' ' << ttl;
  }
}

TEST_F(ClassicProgramTest, AimsAtEachOfManyPositionsOverBothFamilies) {
  constexpr size_t kListeners = 300;
  const Endpoint any = v6("::");
  std::vector<Fd> listeners;
  for (size_t i = 0; i < kListeners; ++i) listeners.push_back(listen_on(any, Dual::Yes));
  ASSERT_TRUE(attach_classic_program(listeners[0].get(), build_classic_program({}, kNoPosition)));
  for (const size_t position : {size_t{0}, size_t{1}, size_t{127}, size_t{128}, kListeners - 1}) {
    for (const Endpoint& target : {v4("127.0.0.1"), v6("::1")}) {
      const auto client = open_client({target.ip, 0});
      ASSERT_TRUE(aim_client(client->get(), target, static_cast<GroupPosition>(position)));
      ASSERT_TRUE(begin_connect(client->get(), target));
      EXPECT_EQ(accept_all(listeners[position]), 1) << position << " by " << target.text();
    }
  }
  const auto client = open_client({kLocal.ip, 0});
  EXPECT_FALSE(aim_client(client->get(), kLocal, kAimablePositions));
}

// Some kernels free a replaced program while another CPU may be in it (CVE-2026-52910).
TEST_F(ClassicServersTest, ReplacesProgramsSeldomAndForNoProbe) {
  const auto attached = [] { return Calls::of(SO_ATTACH_REUSEPORT_CBPF); };
  Instance first = begin_instance(1);
  Instance second = begin_instance(2);
  shift({{1, 1.0}, {2, 1.0}});
  const int before = attached();
  Instance third = begin_instance(3);
  for (int i = 0; i < 100; ++i) {
    const auto connected = aimed_connect(*loop_, *steering_, i % 3 + 1, kLocal);
    ASSERT_TRUE(connected) << connected.error().message;
  }
  EXPECT_EQ(attached() - before, 0);
  shift({{1, 1.0}, {3, 1.0}});
  shift({{1, 1.0}, {3, 1.0}});
  EXPECT_EQ(attached() - before, 1);
  second.server.reset();
  await_closed(second);
  EXPECT_LE(attached() - before, 3);  // while it closes, and afterwards
  ASSERT_TRUE(steering_->detach());
  EXPECT_LE(attached() - before, 3);
}

// After a listener has closed, positions are others; a failed search must not leave the old ones.
TEST_F(ClassicServersTest, FindsPositionsAgainThatCouldNotBeFoundAtOnce) {
  Instance first = begin_instance(1);
  Instance second = begin_instance(2);
  Instance third = begin_instance(3);
  shift({{2, 1.0}, {3, 1.0}});
  const Fd unready = listen_on(kAny);
  add(4, {&unready});
  Calls::fail(TCP_MD5SIG);
  first.server.reset();
  await_closed(first);
  Calls::fail(0);
  shift({{3, 1.0}});
  for (int i = 0; i < 20; ++i) {
    const Fd client = connect_to(kLocal);
    char byte = 0;
    ASSERT_TRUE(client) << std::strerror(errno);
    EXPECT_EQ(::recv(client.get(), &byte, 1, 0), 1);
  }
  const auto connected = aimed_connect(*loop_, *steering_, 4, kLocal);
  EXPECT_TRUE(connected) << connected.error().message;
  EXPECT_EQ(accept_all(unready), 1);
}

// Kernels before 6.8 have this limit.
TEST_F(ClassicSteeringTest, SteersAHundredListenersWhereProgramsMustBeShort) {
  ASSERT_TRUE(write_net_setting("core/optmem_max", "20480"));
  std::vector<Fd> old_ones;
  std::vector<Fd> fresh;
  for (int i = 0; i < 100; ++i) old_ones.push_back(listen_on(kAny));
  for (int i = 0; i < 100; ++i) fresh.push_back(listen_on(kAny));
  const Status added = steering_->add(1, own_id(), duplicates(old_ones));
  ASSERT_TRUE(added) << added.error().message;
  shift({{1, 1.0}});
  const Status joined = steering_->add(2, own_id(), duplicates(fresh));
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_TRUE(aimed_connect(*loop_, *steering_, 2, kLocal));
  shift({{2, 1.0}});
  for (const Fd& listener : fresh) accept_all(listener);
  connect_times(100, kLocal);
  int reached = 0;
  for (const Fd& listener : fresh) reached += accept_all(listener);
  EXPECT_EQ(reached, 100);
  EXPECT_TRUE(steering_->detach());
}

using FindPositionsTest = NetNamespaceTest;

TEST_F(FindPositionsTest, TellsListenersApartAlsoWhileOneDropsOthers) {
  std::vector<Fd> listeners;
  std::vector<int> descriptors;
  for (int i = 0; i < 150; ++i) {
    listeners.push_back(listen_on(kAny));
    descriptors.push_back(listeners.back().get());
  }
  std::swap(descriptors[3], descriptors[140]);
  std::atomic<bool> stop = false;
  std::atomic<int> sent = 0;
  std::thread noise([&] {
    // Other SYNs that the listener at 7 drops, in bursts.
    while (!stop) {
      for (int i = 0; i < 20; ++i) {
        auto client = open_client({kLocal.ip, 0});
        tcp_md5sig signature{};
        sockaddr_storage peer{};
        std::memcpy(&signature.tcpm_addr, &peer, kLocal.to_sockaddr(peer));
        signature.tcpm_keylen = 1;
        if (::setsockopt(client->get(), IPPROTO_TCP, TCP_MD5SIG, &signature, sizeof signature) == 0)
          sent += begin_connect(client->get(), kLocal) ? 1 : 0;
      }
      std::this_thread::sleep_for(2ms);
    }
  });
  while (sent == 0) std::this_thread::yield();
  const std::array rotation{WeightedPosition{7, 1.0}};
  ASSERT_TRUE(attach_classic_program(descriptors[0], build_classic_program(rotation, kNoPosition)));
  const auto found = find_positions(kLocal, descriptors, listeners.size());
  stop = true;
  noise.join();
  ASSERT_TRUE(found) << found.error().message;
  for (size_t i = 0; i < listeners.size(); ++i) {
    const size_t expected = i == 3 ? 140 : i == 140 ? 3 : i;
    EXPECT_EQ((*found)[i], expected);
  }
  for (const Fd& listener : listeners) EXPECT_EQ(accept_all(listener), 0);
}

// On a busy CPU a SYN is handled long after connect() has returned.
TEST_F(FindPositionsTest, TellsListenersApartWhereSynsAreHandledLate) {
  std::vector<Fd> listeners;
  for (int i = 0; i < 5; ++i) listeners.push_back(listen_on(kAny));
  // A stranger's is in the group, too.
  const std::vector<int> descriptors{listeners[4].get(), listeners[2].get(), listeners[0].get(),
                                     listeners[3].get()};
  ASSERT_TRUE(attach_classic_program(descriptors[0], build_classic_program({}, kNoPosition)));
  const Calls::LateConnects late(12ms);
  const auto found = find_positions(kLocal, descriptors, listeners.size());
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(*found, testing::ElementsAre(4, 2, 0, 3));
}

}  // namespace
}  // namespace rollctl::test
