// SPDX-License-Identifier: MIT
// Messages to a shim from untrusted or slow senders must not keep it from its work.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <chrono>
#include <cstring>

#include "base/packet_socket.h"
#include "process/shim_protocol.h"
#include "shim_fixture.h"

namespace rollctl::test {
namespace {

using Kind = ShimEvent::Kind;
using std::chrono::steady_clock;

// A longer answer time means a blocked shim: every block in these tests lasts for minutes.
constexpr Millis kPrompt{2000};

// Closing it blocks for ten minutes: it has unsent data that its peer does not read.
class LingeringSocket {
 public:
  LingeringSocket() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const int small = 4096;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 128), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    address_ = address;
  }

  Fd make() const {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
    pollfd connected{fd.get(), POLLOUT, 0};
    EXPECT_EQ(::poll(&connected, 1, 5000), 1);
    const std::string data(65536, 'x');
    while (::send(fd.get(), data.data(), data.size(), MSG_NOSIGNAL) > 0) {
    }
    const linger patient{1, 600};
    EXPECT_EQ(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &patient, sizeof patient), 0);
    return fd;
  }

  // Lets this process close it without blocking.
  static void give_up(const Fd& socket) {
    const linger none{1, 0};
    EXPECT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none), 0);
  }

 private:
  Fd listener_;
  sockaddr_in address_{};
};

class StrangersTest : public ShimTest {
 protected:
  Watched& serve(const LaunchSpec& spec) {
    Watched& shim = launch_and_await(spec);
    EXPECT_TRUE(await(shim, Kind::NotifiedReady));
    EXPECT_TRUE(shim.client->set_role({InstanceState::Serving, 100}).await());
    return shim;
  }

  static Fd notify_socket(const LaunchSpec& spec) {
    Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, (spec.run_dir + "/notify.sock").c_str());
    const timeval patience{5, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return socket;
  }

  // False where the socket would block.
  static bool send(int socket, const std::string& text, const std::vector<int>& fds, int flags = 0) {
    iovec part{const_cast<char*>(text.data()), text.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
    header.msg_control = control.data();
    header.msg_controllen = fds.empty() ? 0 : control.size();
    if (fds.empty()) return ::sendmsg(socket, &header, flags) >= 0;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size() * sizeof(int));
    return ::sendmsg(socket, &header, flags) >= 0;
  }

  // Closes this process's descriptors; if they could not be sent, without blocking.
  static bool send_away(const Fd& notify, const std::string& text, std::vector<Fd> sockets, int flags = 0) {
    std::vector<int> fds;
    for (const Fd& socket : sockets) fds.push_back(socket.get());
    const bool sent = send(notify.get(), text, fds, flags);
    if (!sent)
      for (const Fd& socket : sockets) LingeringSocket::give_up(socket);
    return sent;
  }
  static std::vector<Fd> sockets_of(const LingeringSocket& lingering, int count) {
    std::vector<Fd> sockets;
    for (int i = 0; i < count; ++i) sockets.push_back(lingering.make());
    return sockets;
  }

  // Closes what it sends before the shim does, so that the shim has the last descriptor.
  static void while_stopped(const Watched& shim, const std::function<void()>& act) {
    const auto process = ProcessRef::open(shim.client->record().shim);
    ASSERT_TRUE(process && process->send_signal(SIGSTOP));
    act();
    ASSERT_TRUE(process->send_signal(SIGCONT));
  }

  static void expect_prompt_answer(Watched& shim) {
    const auto began = steady_clock::now();
    EXPECT_TRUE(shim.client->take_listeners());
    EXPECT_LT(steady_clock::now() - began, kPrompt);
  }

  void drain_to_the_end(Watched& shim) {
    const auto began = steady_clock::now();
    ASSERT_TRUE(shim.client->drain({SIGTERM, kSoon}).await());
    ASSERT_TRUE(await(shim, Kind::Gone));
    EXPECT_TRUE(await([] { return processes() == 0; }));
    EXPECT_LT(steady_clock::now() - began, 2 * kPrompt);
  }

  // A connection, with or without a request.
  static Fd connect_client(const LaunchSpec& spec, bool asks) {
    auto connection = connect_for_packets(spec.run_dir, kControlSocket, kSoon);
    EXPECT_TRUE(connection);
    if (asks) {
      EXPECT_TRUE(send_packet(connection->get(), to_text(shim::Request{1, shim::GetRecord{}})));
    }
    return connection ? std::move(*connection) : Fd();
  }

  // Waits until the peer has answered or hung up.
  static bool is_answered(const Fd& connection) {
    pollfd answer{connection.get(), POLLIN, 0};
    if (::poll(&answer, 1, 5000) != 1) return false;
    const auto packet = receive_packet(connection.get());
    return packet && *packet;
  }
};

TEST_F(StrangersTest, ADescriptorWhoseCloseWaitsHoldsNobodyUp) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  const LingeringSocket lingering;
  const Fd notify = notify_socket(spec);
  while_stopped(shim, [&] {
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(send_away(notify, "READY=1", sockets_of(lingering, 1)));
  });
  expect_prompt_answer(shim);
  // Other clients are answered all the same, and a server that crashes is restarted.
  ASSERT_TRUE(ProcessRef::open(shim.client->record().server)->send_signal(SIGKILL));
  ASSERT_TRUE(await(shim, Kind::Restarted));
  ASSERT_TRUE(await(shim, Kind::NotifiedReady, 2));
  drain_to_the_end(shim);
}

TEST_F(StrangersTest, ManyDescriptorsInOneDatagramHoldNobodyUp) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  const LingeringSocket lingering;
  const Fd notify = notify_socket(spec);
  while_stopped(shim, [&] { ASSERT_TRUE(send_away(notify, "FDSTORE=1", sockets_of(lingering, 50))); });
  expect_prompt_answer(shim);
  drain_to_the_end(shim);
}

TEST_F(StrangersTest, NoDescriptorOfAStrangerComesIntoTheShim) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  const auto count = [&] {
    const std::string folder = "/proc/" + std::to_string(shim.client->record().shim.pid) + "/fd";
    return std::distance(std::filesystem::directory_iterator(folder), {});
  };
  const auto before = count();
  const Fd notify = notify_socket(spec);
  const auto pipe = make_pipe();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(send(notify.get(), "X=1", {pipe->read.get(), notify.get()}));
  // The shim closes the descriptor just after its answer.
  EXPECT_TRUE(await([&] { return count() == before; })) << count() << " instead of " << before;
}

TEST_F(StrangersTest, WhatIsStillInTheNotifySocketDoesNotHoldUpTheEnd) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  const LingeringSocket lingering;
  const Fd notify = notify_socket(spec);
  while_stopped(shim, [&] {
    int queued = 0;
    while (queued < 50 && send_away(notify, "X=1", sockets_of(lingering, 1), MSG_DONTWAIT)) ++queued;
    EXPECT_GT(queued, 5);
    (void)shim.client->drain({SIGTERM, Millis(0)});
  });
  ASSERT_TRUE(await(shim, Kind::Gone));
  EXPECT_TRUE(await([] { return processes() == 0; }));
}

// Waits until the descriptor is closed, as systemd-notify does.
TEST_F(StrangersTest, ABarrierIsPassed) {
  const LaunchSpec spec = stub_spec(kListen);
  serve(spec);
  const Fd notify = notify_socket(spec);
  for (int i = 0; i < 5; ++i) {
    auto pipe = make_pipe();
    ASSERT_TRUE(send(notify.get(), "BARRIER=1", {pipe->write.get()}));
    pipe->write.reset();
    pollfd passed{pipe->read.get(), 0, 0};
    EXPECT_EQ(::poll(&passed, 1, static_cast<int>(kPrompt.count())), 1);
    EXPECT_EQ(passed.revents, POLLHUP);
  }
}

TEST_F(StrangersTest, AServerMayNotifyWithSystemdNotify) {
  if (::access("/usr/bin/systemd-notify", X_OK) != 0) GTEST_SKIP() << "systemd-notify is not installed";
  Watched& shim =
      launch_and_await(shell_spec("systemd-notify --ready --status=up && echo passed && exec sleep 600"));
  ASSERT_TRUE(await(shim, Kind::NotifiedReady));
  EXPECT_EQ(shim.client->record().status, "up");
  EXPECT_TRUE(await([&] { return text_of(shim.client->record().spec.log_path) == "passed\n"; }));
}

// The child that closes a barrier's descriptor does not count as the server's.
TEST_F(StrangersTest, AServerThatEndsRightAfterItsBarrierLeftNothingBehind) {
  if (::access("/usr/bin/systemd-notify", X_OK) != 0) GTEST_SKIP() << "systemd-notify is not installed";
  for (InstanceId id = 1; id <= 5; ++id) {
    Watched& shim = launch_and_await(shell_spec("systemd-notify --ready; exit 3", id));
    ASSERT_TRUE(await(shim, Kind::Exited));
    EXPECT_EQ(shim.find(Kind::Exited)->message, "the server exited with 3");
  }
}

TEST_F(StrangersTest, NobodyButTheServersUserAndRootReachesItsNotifySocket) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can start a server as another user";
  LaunchSpec spec = shell_spec("exec sleep 600");
  spec.credentials = Credentials{4711, 4711, {}};
  launch_and_await(spec);
  struct stat file{};
  ASSERT_EQ(::stat((spec.run_dir + "/notify.sock").c_str(), &file), 0);
  EXPECT_EQ(file.st_uid, 4711U);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
}

// Processes of a root server may have changed to another user.
TEST_F(StrangersTest, AProcessOfTheServerThatChangedItsUserMayNotify) {
  if (::geteuid() != 0 || ::access("/usr/bin/setpriv", X_OK) != 0 ||
      ::access("/usr/bin/systemd-notify", X_OK) != 0)
    GTEST_SKIP() << "needs root, setpriv and systemd-notify";
  Watched& shim =
      launch_and_await(shell_spec("setpriv --reuid 4711 --regid 4711 --clear-groups systemd-notify --ready "
                                  "--status=other; exec sleep 600"));
  ASSERT_TRUE(await(shim, Kind::NotifiedReady));
  EXPECT_EQ(shim.client->record().status, "other");
}

// A server's blocking send succeeds while strangers flood the socket.
TEST_F(StrangersTest, AFloodOfNotificationsStarvesNobody) {
  if (::access("/usr/bin/systemd-notify", X_OK) != 0) GTEST_SKIP() << "systemd-notify is not installed";
  LaunchSpec spec = shell_spec("read x <&3; systemd-notify --ready --status=through; exec sleep 600");
  spec.gate = LaunchSpec::Gate::Closed;
  Watched& shim = launch_and_await(spec);
  std::vector<pid_t> senders;
  for (int i = 0; i < 3; ++i) {
    const pid_t sender = ::fork();
    if (sender == 0) {
      const Fd notify = notify_socket(spec);
      const auto pipe = make_pipe();
      const auto fds = i == 0 ? std::vector<int>{pipe->read.get()} : std::vector<int>{};
      for (;;) send(notify.get(), "STATUS=flood", fds);
    }
    senders.push_back(sender);
  }
  expect_prompt_answer(shim);
  ASSERT_TRUE(shim.client->open_gate());
  EXPECT_TRUE(await(shim, Kind::NotifiedReady));
  EXPECT_EQ(shim.client->record().status, "through");
  expect_prompt_answer(shim);
  for (const pid_t sender : senders) {
    ::kill(sender, SIGKILL);
    ::waitpid(sender, nullptr, 0);
  }
  drain_to_the_end(shim);
}

// The control socket.

TEST_F(StrangersTest, ClientsThatAskForNothingGiveWay) {
  const LaunchSpec spec = stub_spec(kListen);
  serve(spec);
  std::vector<Fd> idle;
  for (int i = 0; i < 200; ++i) idle.push_back(connect_client(spec, false));
  EXPECT_TRUE(is_answered(connect_client(spec, true)));
}

TEST_F(StrangersTest, WhoComesWhenAllPlacesAreTakenWaitsForOne) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  std::vector<Fd> busy;
  for (int i = 0; i < 63; ++i) {  // and the launcher
    busy.push_back(connect_client(spec, true));
    ASSERT_TRUE(is_answered(busy.back()));
  }
  const Fd next = connect_client(spec, true);
  expect_prompt_answer(shim);
  pollfd answer{next.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&answer, 1, 50), 0) << "neither answered nor hung up on";
  busy.pop_back();
  EXPECT_TRUE(is_answered(next));
}

TEST_F(StrangersTest, AShimThatIsSilentIsWaitedForOnce) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  const auto process = ProcessRef::open(shim.client->record().shim);
  ASSERT_TRUE(process && process->send_signal(SIGSTOP));
  const auto began = steady_clock::now();
  for (int i = 0; i < 4; ++i) {
    const Status told = shim.client->set_role({InstanceState::Serving, 50}).await();
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().os_error, ETIMEDOUT);
  }
  EXPECT_FALSE(shim.client->has_gone());
  EXPECT_GE(steady_clock::now() - began, kShimPatience);
  EXPECT_LT(steady_clock::now() - began, kShimPatience + kPrompt);
  ASSERT_TRUE(process->send_signal(SIGCONT));
  EXPECT_TRUE(await([&] { return shim.client->record().weight == 50; })) << "it has its orders all the same";
  EXPECT_TRUE(shim.client->take_listeners());
}

TEST_F(StrangersTest, HoldsTheSteeringOfMoreAddressesThanAPacketHasRoomFor) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  const auto pipe = make_pipe();
  for (const uint16_t count : std::array<uint16_t, 3>{50, 51, 120}) {
    std::vector<SteeringHandle> handles;
    for (uint16_t i = 0; i < count; ++i) {
      SteeringHandle& handle = handles.emplace_back();
      handle.bound = ListenAddress::parse("127.0.0.1:8080")->endpoint;
      handle.bound.port = static_cast<uint16_t>(1000 + i);
      handle.slots = {i};
      for (Fd* fd : {&handle.program, &handle.sockets, &handle.state, &handle.probes, &handle.counters})
        *fd = std::move(*duplicate(pipe->read.get()));
    }
    ASSERT_TRUE(shim.client->hold_steering(std::move(handles)).await()) << count;
    const auto taken = connect(spec).client->take_steering();
    ASSERT_TRUE(taken) << taken.error().message;
    ASSERT_EQ(taken->size(), count);
    for (uint16_t i = 0; i < count; ++i) {
      EXPECT_EQ((*taken)[i].bound.port, 1000 + i);
      EXPECT_EQ((*taken)[i].slots, std::vector<uint32_t>{i});
    }
  }
  ASSERT_TRUE(shim.client->hold_steering({}).await());
  EXPECT_TRUE(connect(spec).client->take_steering()->empty());
}

}  // namespace
}  // namespace rollctl::test
