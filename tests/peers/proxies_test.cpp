// SPDX-License-Identifier: MIT
// Behind a real proxy that denies /secret: no request reaches it there, in whatever other request it is
// hidden, and nobody gets an answer to the request of another.
#include <unistd.h>

#include <thread>

#include "os/roll-httpd/httpd_fixture.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kProxyPort = 8090;
constexpr const char* kTopSecret = "TOP-SECRET";

struct Proxy {
  const char* name;
  const char* program;
  std::vector<std::string> command;  // $FILES: where the configurations are
};

void PrintTo(const Proxy& proxy, std::ostream* out) {  // NOLINT(readability-identifier-naming): gtest's name
  *out << proxy.name;
}

class ProxiesTest : public HttpdTest, public testing::WithParamInterface<Proxy> {
 protected:
  void SetUp() override {
    HttpdTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (access(GetParam().program, X_OK) != 0)
      GTEST_SKIP() << "no " << GetParam().program << ": packaging/setup test";
    write("a", "A");
    write("secret", kTopSecret);
    start();
    ChildSpec spec;
    for (std::string word : GetParam().command) {
      if (std::size_t at = word.find("$FILES"); at != std::string::npos) word.replace(at, 6, ROLL_PROXIES);
      spec.argv.push_back(word);
    }
    spec.workdir = root_.parent_path();
    auto spawned = ChildProcess::spawn(std::move(spec));
    ASSERT_TRUE(spawned) << spawned.error().message;
    proxy_.emplace(std::move(*spawned));
    while (!Client::connect(kProxyPort, AF_INET)) {
      ASSERT_FALSE(proxy_->has_exited()) << proxy_->errors();
      std::this_thread::yield();
    }
  }

  void TearDown() override {
    proxy_.reset();
    HttpdTest::TearDown();
  }

  static std::string everything_for(const std::vector<std::string>& pieces) {
    Client client = connect(kProxyPort);
    for (const std::string& piece : pieces) {
      client.send(piece);
      if (&piece != &pieces.back()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    client.shut_writing();
    std::string all;
    for (std::string some; !(some = client.read_some()).empty();) all += some;
    return all;
  }

  std::optional<ChildProcess> proxy_;
};

INSTANTIATE_TEST_SUITE_P(
    Behind, ProxiesTest,
    testing::Values(Proxy{"nginx",
                          "/usr/sbin/nginx",
                          {"nginx", "-c", "$FILES/nginx.conf", "-e", "stderr", "-p", ".", "-g",
                           "pid nginx.pid;"}},
                    Proxy{"haproxy", "/usr/sbin/haproxy", {"haproxy", "-db", "-f", "$FILES/haproxy.cfg"}}),
    [](const auto& of) { return std::string(of.param.name); });

std::string request(const std::string& method, const std::string& fields, const std::string& body = "") {
  return method + " /a HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n" + body;
}

TEST_P(ProxiesTest, ADeniedPathIsNeverServedAndNobodyGetsTheAnswerOfAnother) {
  const std::string secret = "GET /secret HTTP/1.1\r\nHost: test\r\n\r\n";
  const std::string length = "Content-Length: " + std::to_string(secret.size()) + "\r\n";
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const std::string in_chunk = "24\r\n" + secret + "\r\n0\r\n\r\n";
  ASSERT_EQ(secret.size(), 0x24U);
  ASSERT_EQ(get("/secret").body, kTopSecret);  // it is there, for who asks the server itself

  std::vector<std::string> attacks{
      request("POST", length + "Content-Length: 0\r\n", secret),
      request("POST", "Content-Length: 0\r\n" + length, secret),
      request("POST", "Content-Length : " + std::to_string(secret.size()) + "\r\n", secret),
      request("POST", length + "Content-Length : 0\r\n", secret),
      request("POST", length + "Content-Length\t: 0\r\n", secret),
      request("POST", length + "X: y\r\n Content-Length: 0\r\n", secret),
      request("POST", length + chunked, "0\r\n\r\n" + secret),
      request("POST", length + "Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + secret),
      request("POST", length + "Transfer-Encoding: xchunked\r\n", secret),
      request("POST", length + "Transfer-Encoding:\tchunked\r\n", "0\r\n\r\n" + secret),
      request("POST", length + "X: y\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + secret),
      request("POST", "Transfer-Encoding: gzip, chunked\r\n", in_chunk),
      request("POST", "Transfer-Encoding: chunked, chunked\r\n", in_chunk),
      request("POST", "Transfer-Encoding: identity\r\n" + length, secret),
      request("POST", chunked, "0\r\n\r\n" + secret),
      request("POST", chunked, "1;a=b\nX\r\n0\r\n\r\n" + secret),
      request("POST", chunked, "0\r\nContent-Length: 0\r\n\r\n" + secret),
      "GET /a HTTP/1.1\r\nHost: test\r\nX: y\n\n" + secret,
      "GET /a HTTP/1.0\r\n" + chunked + "\r\n" + in_chunk,
      "GET http://test/secret HTTP/1.1\r\nHost: test\r\n\r\n",
      "GET /a#/../secret HTTP/1.1\r\nHost: test\r\n\r\n",
  };
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}) {
    attacks.push_back(request(method, length, secret));
    attacks.push_back(request(method, chunked, in_chunk));
    attacks.push_back(request(method, "Expect: 100-continue\r\n" + length, secret));
    attacks.push_back(request(method, "Connection: Content-Length\r\n" + length, secret));
    attacks.push_back(request(method, "Connection: Transfer-Encoding\r\n" + chunked, in_chunk));
  }
  const std::string next = request("GET", "");
  for (const std::string& attack : attacks) {
    SCOPED_TRACE(attack);
    const std::size_t body = attack.find("\r\n\r\n") + 4;
    for (const std::vector<std::string>& pieces : std::vector<std::vector<std::string>>{
             {attack + next + next}, {attack.substr(0, body), attack.substr(body), next}}) {
      EXPECT_EQ(everything_for(pieces).find(kTopSecret), std::string::npos);
      for (int i = 0; i < 2; ++i) {
        Client innocent = connect(kProxyPort);
        ASSERT_TRUE(innocent.send(next));
        auto answer = innocent.read_answer();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200);
        EXPECT_EQ(answer->body, "A");
      }
    }
  }
}

}  // namespace
}  // namespace rollctl::test
