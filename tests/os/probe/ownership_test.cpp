// SPDX-License-Identifier: MIT
#include "probe/ownership.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <functional>

#include "os/probe/probe_fixture.h"
#include "support/other_user.h"

namespace rollctl::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr uid_t kServersUser = 65534;
constexpr uid_t kStranger = 65533;

Fd listen_at(const Endpoint& endpoint) {
  sockaddr_storage storage{};
  const socklen_t length = endpoint.to_sockaddr(storage);
  Fd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  EXPECT_EQ(::listen(fd.get(), 16), 0);
  return fd;
}

Fd listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::chmod(path.c_str(), 0777), 0);
  EXPECT_EQ(::listen(fd.get(), 16), 0);
  return fd;
}

// The result in a process of that user.
std::string as_user(uid_t uid, const std::function<std::string()>& judge) {
  auto pipe = make_pipe();
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::setgid(uid) != 0 || ::setuid(uid) != 0) ::_exit(1);
    (void)write_all(pipe->write.get(), judge());
    ::_exit(0);
  }
  pipe->write.reset();
  auto said = read_all(pipe->read.get(), 4096);
  ::waitpid(pid, nullptr, 0);
  return said.value_or("");
}

class OwnershipTest : public ProbeTest {
 protected:
  void SetUp() override {
    ProbeTest::SetUp();
    if (IsSkipped()) return;
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: it becomes other users";
  }

  ProbeSpec strict(ProbeKind kind, std::string address) {
    return {.kind = kind,
            .address = std::move(address),
            .answers = ProbeSpec::Answers::OfTheInstance,
            .timeout = 10s};
  }

  // An instance with that server.
  void serve_by(const ProcessId& server) {
    subject_.server = [server] { return server; };
  }
  void serve_by_this_process() { serve_by(ProcessRef::open(::getpid())->id()); }

  static constexpr const char* kAddress = "127.0.0.1:9001";
};

TEST_F(OwnershipTest, NobodyElseAnswersAtAPortOfTheInstance) {
  const OtherUser instance(kServersUser, [] {});
  serve_by(instance.id());
  const auto stranger = serve(loopback(9001));
  const std::string wanted = "127.0.0.1:9001 is held by os_probe (pid " + std::to_string(::getpid()) +
                             ") of user 0, which is no process of instance 7";
  for (const auto kind : {ProbeKind::Tcp, ProbeKind::Http, ProbeKind::Https}) {
    const auto result = ask(strict(kind, kAddress));
    EXPECT_NOT_READY(result);
    EXPECT_EQ(result.detail, wanted);
  }
  EXPECT_EQ(stranger->accepted, 0);
}

TEST_F(OwnershipTest, NobodyElseAnswersThroughAWildcard) {
  const OtherUser instance(kServersUser, [] {});
  serve_by(instance.id());
  for (const char* wildcard : {"0.0.0.0:9001", "[::]:9001"}) {
    const Fd stranger = listen_at(ListenAddress::parse(wildcard)->endpoint);
    const auto result = ask(strict(ProbeKind::Tcp, kAddress));
    EXPECT_NOT_READY(result);
    EXPECT_THAT(result.detail, StartsWith(std::string(wildcard) + " is held by os_probe"));
  }
}

TEST_F(OwnershipTest, TheInstanceAnswers) {
  serve_by_this_process();
  const std::pair<const char*, const char*> places[] = {{"127.0.0.1:9001", "127.0.0.1:9001"},
                                                        {"0.0.0.0:9002", "127.0.0.1:9002"},
                                                        {"[::]:9003", "127.0.0.1:9003"},
                                                        {"[::]:9004", "[::1]:9004"}};
  for (const auto& [bound, asked] : places) {
    const auto server = serve(ListenAddress::parse(bound)->endpoint);
    EXPECT_READY(ask(strict(ProbeKind::Tcp, asked)));
    EXPECT_READY(ask(strict(ProbeKind::Http, asked)));
  }
}

TEST_F(OwnershipTest, AChildOfTheServerAnswers) {
  serve_by_this_process();
  const OtherUser worker(kServersUser, [] { (void)listen_at(loopback(9001)).release(); });
  EXPECT_READY(ask(strict(ProbeKind::Tcp, kAddress)));
}

TEST_F(OwnershipTest, IsNotAskedForWhereAnAddressIsSomeOtherServices) {
  const OtherUser instance(kServersUser, [] {});
  serve_by(instance.id());
  const auto sidecar = serve(loopback(9001));
  auto spec = strict(ProbeKind::Http, kAddress);
  spec.answers = ProbeSpec::Answers::OfAnybody;
  EXPECT_READY(ask(spec));
}

TEST_F(OwnershipTest, IsWaitedForUntilTheInstanceListens) {
  serve_by_this_process();
  const auto result = ask(strict(ProbeKind::Tcp, kAddress));
  EXPECT_EQ(result.detail, "connection refused by 127.0.0.1:9001");
  EXPECT_EQ(result.retry, ProbeResult::Retry::Soon);
}

// Then it is unknown which listener took the connection.
TEST_F(OwnershipTest, DoesNotChangeWhileItIsAsked) {
  serve_by_this_process();
  const Fd first = listen_at(loopback(9001));
  std::optional<ProbeResult> result;
  const auto attempt = probe_->attempt(strict(ProbeKind::Tcp, kAddress), subject_,
                                       [&](const ProbeResult& found) { result = found; });
  const Fd second = listen_at(loopback(9001));
  loop_->run_until([&] { return result.has_value(); }, loop_->now() + 20s);
  ASSERT_TRUE(result);
  EXPECT_NOT_READY(*result);
  EXPECT_EQ(result->detail, "the sockets that listen on 127.0.0.1:9001 changed while it was asked");
}

TEST_F(OwnershipTest, OfALocalSocketIsThatOfTheServersUser) {
  const std::string path = testing::TempDir() + "roll-owner-" + std::to_string(::getpid()) + ".sock";
  const OtherUser instance(kServersUser, [] {});
  serve_by(instance.id());
  const auto put = [&] { (void)listen_at(path).release(); };
  {
    const OtherUser stranger(kStranger, put);
    const auto result = ask(strict(ProbeKind::Tcp, "unix:" + path));
    EXPECT_NOT_READY(result);
    EXPECT_EQ(result.detail,
              "unix:" + path + " is held by a process of user 65533, which is no process of instance 7");
  }
  ::unlink(path.c_str());
  const OtherUser same_user(kServersUser, put);
  EXPECT_READY(ask(strict(ProbeKind::Tcp, "unix:" + path)));
  ::unlink(path.c_str());
}

TEST_F(OwnershipTest, IsToldByTheUserWhereProcessesMayNotBeLookedInto) {
  const OtherUser instance(kServersUser, [] {
    ::prctl(PR_SET_DUMPABLE, 0);
    (void)listen_at(loopback(9001)).release();
  });
  const OtherUser stranger(kStranger, [] { (void)listen_at(loopback(9002)).release(); });
  const ProcessId server = instance.id();
  const auto judge = [&](uint16_t port) {
    return as_user(kServersUser, [&] {
      const auto found = Ownership(7, server).listeners_at(loopback(port));
      return found ? std::to_string(found->size()) + " of its own" : found.error().message;
    });
  };
  EXPECT_EQ(judge(9001), "1 of its own");
  EXPECT_EQ(judge(9002),
            "127.0.0.1:9002 is held by a process of user 65533, which is no process of instance 7");
}

TEST_F(OwnershipTest, IsAskedForBeforeACommandAndAfterIt) {
  const OtherUser instance(kServersUser, [] {});
  serve_by(instance.id());
  const std::string started = testing::TempDir() + "roll-owner-" + std::to_string(::getpid()) + ".fifo";
  ASSERT_EQ(::mkfifo(started.c_str(), 0600), 0);
  ProbeSpec spec{.kind = ProbeKind::Exec,
                 .own_port = 9001,
                 .command = {"sh", "-c", "echo >" + started + "; read line <" + started},
                 .env = {"PATH=/usr/bin:/bin"},
                 .timeout = 10s};
  const auto is_refused = [](const ProbeResult& result) {
    EXPECT_NOT_READY(result);
    EXPECT_THAT(result.detail, StartsWith("[::1]:9001 is held by os_probe"));
  };
  {
    const Fd stranger = listen_at(ListenAddress::parse("[::1]:9001")->endpoint);
    is_refused(ask(spec));
  }
  std::optional<ProbeResult> result;
  const auto attempt = probe_->attempt(spec, subject_, [&](const ProbeResult& found) { result = found; });
  char byte = 0;
  {  // running
    const Fd fifo(::open(started.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::read(fifo.get(), &byte, 1), 1);
  }
  const Fd stranger = listen_at(ListenAddress::parse("[::1]:9001")->endpoint);
  {  // exited
    const Fd fifo(::open(started.c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::write(fifo.get(), "\n", 1), 1);
  }
  loop_->run_until([&] { return result.has_value(); }, loop_->now() + 20s);
  ASSERT_TRUE(result);
  is_refused(*result);
  ::unlink(started.c_str());
}

}  // namespace
}  // namespace rollctl::test
