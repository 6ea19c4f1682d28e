// SPDX-License-Identifier: MIT
#include "os/roll-httpd/httpd_fixture.h"

#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace rollctl::test {

void HttpdTest::SetUp() {
  NetNamespaceTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  std::string name = std::filesystem::temp_directory_path() / "roll-httpd.XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  std::filesystem::path top(name);
  root_ = top / "root";
  std::filesystem::create_directory(root_);
  // An abstract name is private to the network namespace.
  notify_name_ = "@notify";
  notify_ = Fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, "notify", 6);
  ASSERT_EQ(bind(notify_.get(), reinterpret_cast<sockaddr*>(&address), offsetof(sockaddr_un, sun_path) + 7),
            0);
  timeval patience{5, 0};
  setsockopt(notify_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void HttpdTest::TearDown() {
  server_.reset();
  if (!root_.empty()) std::filesystem::remove_all(root_.parent_path());
}

void HttpdTest::write(const std::string& name, const std::string& content) const {
  std::filesystem::create_directories((root_ / name).parent_path());
  std::ofstream(root_ / name) << content;
}

void HttpdTest::launch(const std::vector<std::string>& options, const std::vector<std::string>& env,
                       std::vector<std::pair<int, int>> fds, std::vector<std::string> wrapper) {
  ChildSpec spec;
  spec.argv = std::move(wrapper);
  spec.argv.push_back(program_path("roll-httpd"));
  if (std::ranges::find(options, "--root") == options.end())
    spec.argv.insert(spec.argv.end(), {"--root", root_});
  spec.argv.insert(spec.argv.end(), options.begin(), options.end());
  spec.env = {"NOTIFY_SOCKET=" + notify_name_, "ROLL_RELEASE", "ROLL_GATE_FD"};
  spec.env.insert(spec.env.end(), env.begin(), env.end());
  spec.fds = std::move(fds);
  auto spawned = ChildProcess::spawn(std::move(spec));
  ASSERT_TRUE(spawned) << spawned.error().message;
  server_.emplace(std::move(*spawned));
}

void HttpdTest::start(const std::vector<std::string>& options) {
  std::vector<std::string> all{"--listen", "127.0.0.1:8080"};
  all.insert(all.end(), options.begin(), options.end());
  launch(all);
  std::string state = read_notification();
  while (state.starts_with("STOPPING=1") || state.starts_with("STATUS="))
    state = read_notification();  // of another server
  ASSERT_EQ(state.substr(0, 8), "READY=1\n") << (server_ ? server_->errors() : "");
}

std::string HttpdTest::read_notification() const {
  char text[4096];
  ssize_t count = recv(notify_.get(), text, sizeof text, 0);
  return count > 0 ? std::string(text, static_cast<std::size_t>(count)) : "";
}

Client HttpdTest::connect(std::uint16_t port, int family) {
  auto client = Client::connect(port, family);
  if (!client) throw std::runtime_error("the server does not listen");  // ends the test, with this text
  return std::move(*client);
}

HttpAnswer HttpdTest::get(const std::string& target, const std::string& headers) {
  Client client = connect();
  EXPECT_TRUE(client.send(get_request(target, headers)));
  auto answer = client.read_answer();
  EXPECT_TRUE(answer) << target;
  return answer.value_or(HttpAnswer{});
}

ChildExit HttpdTest::wait_for_exit() {
  auto exit = server_->wait(kPatience);
  EXPECT_TRUE(exit) << exit.error().message;
  return exit.value_or(ChildExit{});
}

void HttpdTest::begin_drain() {
  ASSERT_TRUE(server_->send_signal(SIGTERM));
  ASSERT_EQ(read_notification().substr(0, 11), "STOPPING=1\n");
}

}  // namespace rollctl::test
