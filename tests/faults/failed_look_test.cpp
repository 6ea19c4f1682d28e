// SPDX-License-Identifier: MIT
// A look that fails, for want of descriptors or whatever else, is no answer: nothing is taken for gone,
// removed or killed for it, and the command says what really went wrong.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#include "faults/faults_fixture.h"

namespace rollctl::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

// What a client gets: the first bytes of an answer.
std::string ask() {
  const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(8080);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string request = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  if (connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      send(client.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
    return os_error_text(errno);
  std::string answer(12, ' ');
  const ssize_t got = recv(client.get(), answer.data(), answer.size(), MSG_WAITALL);
  answer.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return answer;
}

class FailedLookTest : public FaultsTest {
 protected:
  FailedLookTest() : FaultsTest(2) {}

  void SetUp() override {
    FaultsTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    must({"deploy", "web", "v1"});
    before_ = processes();
    folders_ = app_->instance_folders();
  }

  static std::set<std::pair<std::string, pid_t>> processes() {
    std::set<std::pair<std::string, pid_t>> all;
    for (const Resident& one : residents())
      if (one.program == "roll-shim" || one.program == "roll-httpd") all.insert({one.program, one.id.pid});
    return all;
  }

  // As if the command had not been tried.
  void expect_untouched(const RunResult& result) {
    // 127: the loader's own look failed. 6 would be "no such app".
    EXPECT_THAT(result.exit.code, AnyOf(0, 1, 2, 3, 7, 127)) << result.exit.text();
    if (result.exit.code != 0) {
      EXPECT_NE(result.errors, "");
    }
    EXPECT_THAT(result.errors, testing::Not(AnyOf(HasSubstr("No such process"), HasSubstr("has ended"),
                                                  HasSubstr("no such app"))));
    EXPECT_EQ(processes(), before_) << result.errors;
    EXPECT_EQ(app_->instance_folders(), folders_) << result.errors;
    EXPECT_EQ(ask(), "HTTP/1.1 200");
  }

  void expect_what_is_is_said() {
    const json status = app_->status();
    EXPECT_EQ(status["serving"], 2) << status;
    EXPECT_EQ(status["deploy"], nullptr) << status;
    must({"recover", "web"});
    EXPECT_EQ(processes(), before_);
    EXPECT_EQ(app_->complaints("v1", 2), "");
  }

  std::set<std::pair<std::string, pid_t>> before_;
  std::vector<std::string> folders_;
};

TEST_F(FailedLookTest, TooFewDescriptorsAreSaidAndTouchNothing) {
  for (int limit = 8; limit <= 64 && !HasFailure(); limit += limit < 24 ? 1 : 5) {
    const std::vector<std::string> few{"prlimit", fmt::format("--nofile={0}:{0}", limit)};
    for (const std::vector<std::string>& command : {std::vector<std::string>{"status", "web"},
                                                    {"recover", "web"},
                                                    {"stop", "web"},
                                                    {"deploy", "web", "v2"}}) {
      SCOPED_TRACE(fmt::format("{} with {} descriptors", command.front(), limit));
      const RunResult result = app_->run(command, few);
      expect_untouched(result);
      const bool changes = command.front() == "stop" || command.front() == "deploy";
      if (changes) {
        EXPECT_NE(result.exit.code, 0);
      }
      if (result.exit.code != 0) {
        EXPECT_THAT(result.errors, AnyOf(HasSubstr("Too many open files"), HasSubstr("descriptors"),
                                         HasSubstr("error while loading")));
      }
    }
  }
  expect_what_is_is_said();
}

struct Fault {
  const char* call;
  const char* error;
  size_t stride;
};

TEST_F(FailedLookTest, AnyLookThatFailsIsNoAnswer) {
  for (const Fault& fault :
       {Fault{"openat", "EMFILE", 1}, Fault{"openat", "EACCES", 3}, Fault{"openat", "ENOMEM", 4},
        Fault{"pidfd_open", "EMFILE", 1}, Fault{"socket", "ENFILE", 1}, Fault{"connect", "EACCES", 1}}) {
    for (const char* verb : {"status", "recover"}) {
      const size_t calls = count_calls(fault.call, {verb, "web"});
      for (size_t nth = 1; nth <= calls && !HasFailure(); nth += fault.stride) {
        SCOPED_TRACE(
            fmt::format("{}: {} fails with {}, call {} of {}", verb, fault.call, fault.error, nth, calls));
        expect_untouched(app_->run({verb, "web"}, strace(fault.call, "/dev/null",
                                                         fmt::format("error={}:when={}", fault.error, nth))));
      }
    }
  }
  expect_what_is_is_said();
}

}  // namespace
}  // namespace rollctl::test
