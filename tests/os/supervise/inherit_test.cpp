// SPDX-License-Identifier: MIT
// Servers that inherit their sockets.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <map>

#include "net/listen_socket.h"
#include "net/sock_diag.h"
#include "shim_fixture.h"
#include "support/descriptors.h"

namespace rollctl::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Kind = ShimEvent::Kind;

constexpr uid_t kNobody = 65534;

Endpoint loopback(uint16_t port) {
  return {IpAddress::v4(INADDR_LOOPBACK), port};
}

Fd connected(uint16_t port = 8080) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  const socklen_t size = loopback(port).to_sockaddr(address);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) fd.reset();
  return fd;
}

// Asks the kernel: a client would wait without a server that accepts.
bool is_closed() {
  const auto sockets = SockDiag::create()->listeners();
  return sockets && sockets->empty();
}

Fd ask() {
  Fd client = connected();
  EXPECT_TRUE(client);
  EXPECT_TRUE(write_all(client.get(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  return client;
}

bool is_answered(const Fd& client) {
  pollfd readable{client.get(), POLLIN, 0};
  char byte = 0;
  return ::poll(&readable, 1, static_cast<int>(kSoon.count())) == 1 && ::read(client.get(), &byte, 1) == 1;
}

// Holds a socket of another user.
Fd listener_of(uid_t uid) {
  EXPECT_EQ(::seteuid(uid), 0);
  auto fd = open_listener(*ListenAddress::parse("127.0.0.1:8080"));
  EXPECT_EQ(::seteuid(0), 0);
  EXPECT_TRUE(fd);
  return fd ? std::move(*fd) : Fd();
}

class InheritTest : public ShimTest {
 protected:
  LaunchSpec inheriting(LaunchSpec spec) {
    spec.sockets = LaunchSpec::Sockets::Inherited;
    if (spec.listen.empty()) spec.listen.push_back(*ListenAddress::parse("127.0.0.1:8080"));
    return spec;
  }

  Watched& serve(const LaunchSpec& spec) {
    Watched& shim = launch_and_await(spec);
    EXPECT_TRUE(await(shim, Kind::NotifiedReady));
    EXPECT_TRUE(shim.client->set_role({InstanceState::Serving, 100}).await());
    return shim;
  }

  Watched& serve_stub(Millis backoff) {
    LaunchSpec spec = inheriting(stub_spec({"--behaviour", "inherit"}));
    spec.backoff = backoff;
    return serve(spec);
  }

  void kill_server(const Watched& shim) {
    const auto server = ProcessRef::open(shim.client->record().server);
    ASSERT_TRUE(server);
    ASSERT_TRUE(server->send_signal(SIGKILL));
  }

  std::string failure_of(const LaunchSpec& spec) {
    Watched& shim = launch(spec);
    EXPECT_TRUE(await(shim, Kind::Gone));
    const ShimEvent* failed = shim.find(Kind::LaunchFailed);
    return failed == nullptr ? std::string() : failed->message;
  }
};

TEST_F(InheritTest, PassesTheSocketsAsSystemdDoes) {
  LaunchSpec spec = inheriting(shell_spec(
      "echo \"own=$$ pid=$LISTEN_PID fds=$LISTEN_FDS names=$LISTEN_FDNAMES gate=$ROLL_GATE_FD\"; echo "
      "end; exec sleep 1000"));
  spec.listen.push_back(*ListenAddress::parse(":8081"));
  const Fd careless(::open("/dev/zero", O_RDONLY));
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await([&] { return text_of(spec.log_path).find("end\n") != std::string::npos; }));
  const pid_t server = shim.client->record().server.pid;
  const std::string pid = std::to_string(server);
  EXPECT_THAT(text_of(spec.log_path),
              HasSubstr("own=" + pid + " pid=" + pid + " fds=2 names=listen.0:listen.1 gate=5\n"));
  std::map<int, std::string> found;
  // And, for a moment, the files that the loader opens.
  const auto has_the_six = [&] { return (found = descriptors_of(server)).size() == 6; };
  EXPECT_TRUE(await(has_the_six)) << found.size();
  EXPECT_THAT(found[3], HasSubstr("socket:["));
  EXPECT_THAT(found[4], HasSubstr("socket:["));
  EXPECT_THAT(found[5], HasSubstr("pipe:["));
  EXPECT_TRUE(connected(8080));
  EXPECT_TRUE(connected(8081)) << "[::] takes IPv4, too";
}

TEST_F(InheritTest, OpensThemAsItsOwnUserWhoeverTheServerIs) {
  LaunchSpec spec = inheriting(shell_spec("exec sleep 1000"));
  spec.credentials = Credentials{kNobody, kNobody, {}};
  Watched& shim = launch_and_await(spec);
  const auto taken = shim.client->take_listeners();
  ASSERT_TRUE(taken) << taken.error().message;
  ASSERT_EQ(taken->size(), 1U);
  EXPECT_EQ(taken->front().bound, loopback(8080));
  const auto sockets = SockDiag::create()->listeners();
  ASSERT_EQ(sockets->size(), 1U);
  EXPECT_EQ(sockets->front().inode, taken->front().inode);
  EXPECT_EQ(sockets->front().uid, 0U);
}

TEST_F(InheritTest, DoesNotHandOutASocketThatTheServerHasClosed) {
  Watched& shim = launch_and_await(inheriting(shell_spec("exec 3<&-; echo end; exec sleep 1000")));
  ASSERT_TRUE(await([&] { return text_of(folder_ + "/log-1").find("end\n") != std::string::npos; }));
  EXPECT_TRUE(shim.client->take_listeners()->empty());
}

TEST_F(InheritTest, ClientsWaitWhileTheServerIsRestarted) {
  Watched& shim = serve_stub(Millis(300));
  EXPECT_TRUE(is_answered(ask()));
  // The shim is stopped, so that it does not restart the server before the client connects.
  const auto process = ProcessRef::open(shim.client->record().shim);
  ASSERT_TRUE(process);
  ASSERT_TRUE(process->send_signal(SIGSTOP));
  kill_server(shim);
  const Fd waiting = ask();
  ASSERT_TRUE(process->send_signal(SIGCONT));
  EXPECT_TRUE(is_answered(waiting));
  ASSERT_TRUE(await(shim, Kind::Exited));
  ASSERT_TRUE(await(shim, Kind::Restarted));
  EXPECT_TRUE(await([&] { return shim.client->record().state == InstanceState::Serving; }));
}

TEST_F(InheritTest, ClientsAreSentElsewhereDuringALongBackOff) {
  Watched& shim = serve_stub(Millis(20'000));
  kill_server(shim);
  ASSERT_TRUE(await(shim, Kind::Exited));
  EXPECT_TRUE(await([] { return is_closed(); }));
}

TEST_F(InheritTest, ClientsAreSentElsewhereOnceTheServerHasFailed) {
  LaunchSpec spec = inheriting(stub_spec({"--behaviour", "inherit"}));
  spec.restart = RestartPolicy::Never;
  Watched& shim = serve(spec);
  kill_server(shim);
  ASSERT_TRUE(await([&] { return shim.client->record().state == InstanceState::Failed; }));
  EXPECT_TRUE(await([] { return is_closed(); }));
}

TEST_F(InheritTest, TheServerAloneClosesThePortWhenItDrains) {
  Watched& shim = serve(inheriting(stub_spec({"--behaviour", "inherit", "--behaviour", "drain-takes=40s"})));
  ASSERT_TRUE(shim.client->drain({SIGTERM, 3 * kSoon}).await());
  EXPECT_TRUE(await([] { return is_closed(); }));
  EXPECT_EQ(shim.client->record().state, InstanceState::Draining);
}

// A server's changes to a socket affect all its descriptors.
TEST_F(InheritTest, ARestartedServerFindsItsSocketsAsGoodAsNew) {
  const std::string log = folder_ + "/log-1";
  LaunchSpec spec =
      inheriting(spec_for({"/usr/bin/python3", "-c",
                           "import os, signal, socket\n"
                           "s = socket.socket(fileno=3)\n"
                           "accepts = s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)\n"
                           "print('blocking', os.get_blocking(3), 'listening', accepts, flush=True)\n"
                           "os.set_blocking(3, False)\n"
                           "if os.path.exists('" +
                               folder_ +
                               "/shut'): s.shutdown(socket.SHUT_RDWR)\n"
                               "signal.pause()\n"}));
  spec.backoff = Millis(10);
  ASSERT_TRUE(write_file_atomically(folder_ + "/shut", "", 0600));
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(shim.client->set_role({InstanceState::Serving, 100}).await());
  const std::string line = "blocking True listening 1\n";
  ASSERT_TRUE(await([] { return is_closed(); }));
  kill_server(shim);
  EXPECT_TRUE(await([&] { return text_of(log) == line + line; })) << text_of(log);
}

TEST_F(InheritTest, SaysWhoseSocketIsInTheWay) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: it opens a socket as another user";
  const Fd theirs = listener_of(kNobody);
  EXPECT_THAT(failure_of(inheriting(shell_spec("exec sleep 1000"))),
              AllOf(HasSubstr("cannot open 127.0.0.1:8080: Address already in use"),
                    HasSubstr("was opened as user 65534, this one would be as user 0")));
}

TEST_F(InheritTest, SaysThatTheOtherSocketIsNotShared) {
  Fd other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  const socklen_t size = loopback(8080).to_sockaddr(address);
  ASSERT_EQ(::bind(other.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(other.get(), 1), 0);
  EXPECT_THAT(failure_of(inheriting(shell_spec("exec sleep 1000"))), HasSubstr("without SO_REUSEPORT"));
}

}  // namespace
}  // namespace rollctl::test
