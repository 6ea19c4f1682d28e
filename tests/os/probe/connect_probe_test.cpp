// SPDX-License-Identifier: MIT
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "os/probe/probe_fixture.h"

namespace rollctl::test {
namespace {

class ConnectProbeTest : public ProbeTest {
 protected:
  ProbeSpec tcp(std::string address = {}) {
    return {.kind = ProbeKind::Tcp, .address = std::move(address), .timeout = 10s, .listen = "0.0.0.0:8080"};
  }
};

TEST_F(ConnectProbeTest, IsReadyWhenTheOwnAddressAccepts) {
  const auto server = serve(loopback(9001));
  const auto result = ask(tcp("127.0.0.1:9001"));
  EXPECT_READY(result);
  EXPECT_EQ(result.detail, "accepted a connection to 127.0.0.1:9001");
  EXPECT_TRUE(steering_.aimed_at.empty());
}

TEST_F(ConnectProbeTest, SaysWhoRefusedTheConnection) {
  const auto result = ask(tcp("127.0.0.1:9001"));
  EXPECT_NOT_READY(result);
  EXPECT_EQ(result.detail, "connection refused by 127.0.0.1:9001");
  EXPECT_EQ(result.retry, ProbeResult::Retry::Soon);
}

TEST_F(ConnectProbeTest, ReachesASocketInTheFileSystem) {
  const std::string path = testing::TempDir() + "roll-probe-" + std::to_string(getpid()) + ".sock";
  const auto missing = ask(tcp("unix:" + path));
  EXPECT_EQ(missing.detail, "cannot connect to unix:" + path + ": No such file or directory");

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ScriptedServer server(*loop_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  EXPECT_READY(ask(tcp("unix:" + path)));
  auto spec = tcp("unix:" + path);
  spec.kind = ProbeKind::Http;
  EXPECT_READY(ask(spec));
  EXPECT_NE(server.request.find("Host: localhost\r\n"), std::string::npos) << server.request;
  unlink(path.c_str());
}

// Closing a descriptor that lingers would block rollctl.
TEST_F(ConnectProbeTest, TakesNoDescriptorOfAServer) {
  const std::string path = testing::TempDir() + "roll-probe-" + std::to_string(getpid()) + ".sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  constexpr int kPassRights = 83;
  int passes = 0;
  socklen_t size = sizeof passes;
  if (getsockopt(listener.get(), SOL_SOCKET, kPassRights, &passes, &size) != 0)
    GTEST_SKIP() << "this kernel has no SO_PASSRIGHTS";
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  int refused = 0;
  Fd client;  // open until the probe has written its request
  const Watch accepting = loop_->on_readable(listener.get(), [&] {
    client = Fd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    iovec part{answer.data(), answer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    const int carried = listener.get();
    std::memcpy(CMSG_DATA(rights), &carried, sizeof carried);
    if (sendmsg(client.get(), &header, MSG_NOSIGNAL) < 0) refused = errno;
    EXPECT_TRUE(write_all(client.get(), answer));
  });
  auto spec = tcp("unix:" + path);
  spec.kind = ProbeKind::Http;
  EXPECT_READY(ask(spec));
  EXPECT_EQ(refused, EPERM);
  unlink(path.c_str());
}

TEST_F(ConnectProbeTest, AimsAtTheInstanceThroughTheSharedPort) {
  shared_ = loopback(8080);
  const auto server = serve(*shared_);
  EXPECT_READY(ask(tcp()));
  EXPECT_EQ(steering_.aimed_at, std::vector<InstanceId>{7});
}

TEST_F(ConnectProbeTest, DoesNotConnectWhileTheInstanceDoesNotListen) {
  const auto result = ask(tcp());
  EXPECT_NOT_READY(result);
  EXPECT_EQ(result.detail, "does not listen on 0.0.0.0:8080 yet");
  EXPECT_EQ(result.retry, ProbeResult::Retry::Soon);
  EXPECT_TRUE(steering_.aimed_at.empty());
}

TEST_F(ConnectProbeTest, AsksWhetherTheServerItselfAccepts) {
  shared_ = loopback(8080);
  auto spec = tcp();
  spec.accepted = ProbeSpec::Accepted::ByServer;
  Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  const socklen_t length = shared_->to_sockaddr(storage);
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  ASSERT_EQ(listen(listener.get(), 16), 0);
  spec.timeout = 50ms;
  const auto nobody = ask(spec);
  EXPECT_NOT_READY(nobody);
  EXPECT_EQ(nobody.detail, "did not accept a connection to 127.0.0.1:8080 within 50ms");
  listener.reset();
  const auto server = serve(*shared_);
  spec.timeout = 10s;
  const auto result = ask(spec);
  EXPECT_READY(result);
  EXPECT_EQ(server->accepted, 1);
}

TEST_F(ConnectProbeTest, TellsWhyAimingDidNotWork) {
  shared_ = loopback(8080);
  steering_.refusal = Error{ErrorKind::Failed, 0, "another instance accepted every time", ""};
  const auto result = ask(tcp());
  EXPECT_NOT_READY(result);
  EXPECT_EQ(result.detail, "another instance accepted every time");
}

TEST_F(ConnectProbeTest, GivesUpAfterTheTimeLimit) {
  // With a full accept queue the kernel answers no further SYN.
  Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  const socklen_t length = loopback(9001).to_sockaddr(storage);
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  ASSERT_EQ(listen(listener.get(), 0), 0);
  std::vector<Fd> filling;
  for (int i = 0; i < 4; ++i) {
    filling.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)connect(filling.back().get(), reinterpret_cast<sockaddr*>(&storage), length);
  }
  auto spec = tcp("127.0.0.1:9001");
  spec.timeout = 50ms;
  const auto result = ask(spec);
  EXPECT_NOT_READY(result);
  EXPECT_EQ(result.detail, "connecting to 127.0.0.1:9001 timed out after 50ms");
}

TEST_F(ConnectProbeTest, KnowsANotificationAndAListenerWithoutAnySocket) {
  const ProbeSpec notify{.kind = ProbeKind::Notify};
  const ProbeSpec listen{.kind = ProbeKind::Listen, .listen = "0.0.0.0:8080"};
  EXPECT_EQ(ask(notify).detail, "has not sent READY=1 yet");
  EXPECT_EQ(ask(listen).detail, "does not listen on 0.0.0.0:8080 yet");
  notified_ = true;
  shared_ = loopback(8080);
  EXPECT_READY(ask(notify));
  EXPECT_READY(ask(listen));
}

TEST_F(ConnectProbeTest, NeverCallsBackOnceDestroyed) {
  const auto server = serve(loopback(9001));
  for (const auto kind : {ProbeKind::Tcp, ProbeKind::Http, ProbeKind::Listen}) {
    auto spec = tcp("127.0.0.1:9001");
    spec.kind = kind;
    auto attempt = probe_->attempt(spec, subject_, [](const ProbeResult&) { FAIL(); });
    attempt.reset();
  }
  run_for(20ms);
}

}  // namespace
}  // namespace rollctl::test
