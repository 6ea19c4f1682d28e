// SPDX-License-Identifier: MIT
// From the command line to READY=1.
#include <netinet/in.h>

#include "os/roll-httpd/httpd_fixture.h"

namespace rollctl::test {
namespace {

using StartTest = HttpdTest;

TEST_F(StartTest, SaysThatItIsReadyOnceItAnswers) {
  launch({"--listen", "127.0.0.1:8080"});
  EXPECT_EQ(read_notification(), "READY=1\nSTATUS=serving " + root_.string() + " on 127.0.0.1:8080");
  EXPECT_EQ(get("/-/readyz").status, 200);
}

TEST_F(StartTest, ListensOnEveryAddress) {
  write("a", "A");
  launch({"--listen", "127.0.0.1:8080", "--listen", "[::1]:8081", "--listen", ":8082"});
  ASSERT_NE(read_notification(), "");
  for (auto [port, family] : std::vector<std::pair<std::uint16_t, int>>{
           {8080, AF_INET}, {8081, AF_INET6}, {8082, AF_INET}, {8082, AF_INET6}}) {
    Client client = connect(port, family);
    ASSERT_TRUE(client.send(get_request("/a")));
    EXPECT_EQ(client.read_answer().value().body, "A") << port;
  }
}

TEST_F(StartTest, TwoShareAPort) {
  start({"--release", "v1"});
  ChildProcess first = std::move(*server_);
  start({"--release", "v2"});
  ASSERT_TRUE(first.stop(SIGTERM, kPatience));
  EXPECT_EQ(get("/none").header("x-release"), "v2");
}

TEST_F(StartTest, AnswersBeforeItIsReadyButSaysSo) {
  write("a", "A");
  launch({"--listen", "127.0.0.1:8080", "--ready-after", "1h"});
  std::optional<Client> client;
  while (!client && !server_->has_exited()) client = Client::connect(kPort, AF_INET);
  ASSERT_TRUE(client) << server_->errors();
  ASSERT_TRUE(client->send(get_request("/-/readyz") + get_request("/a")));
  EXPECT_EQ(client->read_answer().value().status, 503);
  EXPECT_EQ(client->read_answer().value().body, "A");
}

TEST_F(StartTest, BecomesReadyAfterThatTime) {
  launch({"--listen", "127.0.0.1:8080", "--ready-after", "50ms"});
  EXPECT_EQ(read_notification().substr(0, 8), "READY=1\n");
  EXPECT_EQ(get("/-/readyz").status, 200);
}

TEST_F(StartTest, APortInUseByAStrangerIsNamed) {
  Fd stranger(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  ASSERT_EQ(bind(stranger.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(stranger.get(), 1), 0);
  launch({"--listen", "0.0.0.0:8080"});
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(1));
  EXPECT_EQ(server_->errors(), "roll-httpd: cannot listen on 0.0.0.0:8080: Address already in use\n");
}

TEST_F(StartTest, AWrongRootAddressOrLogIsNamed) {
  launch({"--root", "/nonexistent"});
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(1));
  EXPECT_EQ(server_->errors(), "roll-httpd: cannot serve /nonexistent: No such file or directory\n");
  launch({"--listen", "127.0.0.1"});
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(1));
  EXPECT_EQ(server_->errors(),
            "roll-httpd: cannot listen on 127.0.0.1: want HOST:PORT, [V6]:PORT or :PORT\n");
  launch({"--access-log", "/nonexistent/log"});
  EXPECT_EQ(wait_for_exit(), ChildExit::with_code(1));
  EXPECT_EQ(server_->errors(), "roll-httpd: cannot write /nonexistent/log: No such file or directory\n");
}

TEST_F(StartTest, ClosedStandardDescriptorsAreNotThoseOfClients) {
  write("a", "A");
  launch({"--listen", "127.0.0.1:8080"}, {}, {}, {"sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"});
  ASSERT_EQ(read_notification().substr(0, 8), "READY=1\n");
  const std::filesystem::path open_files = "/proc/" + std::to_string(server_->pid()) + "/fd";
  for (const char* number : {"0", "1", "2"})
    EXPECT_EQ(std::filesystem::read_symlink(open_files / number), "/dev/null") << number;
  EXPECT_EQ(get("/a").body, "A");
}

}  // namespace
}  // namespace rollctl::test
