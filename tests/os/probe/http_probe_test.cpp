// SPDX-License-Identifier: MIT
#include "os/probe/probe_fixture.h"

namespace rollctl::test {
namespace {

class HttpProbeTest : public ProbeTest {
 protected:
  void SetUp() override {
    ProbeTest::SetUp();
    if (!IsSkipped()) server_ = serve(loopback(9001));
  }
  ProbeSpec http(std::string path = "/readyz") {
    return {.kind = ProbeKind::Http, .path = std::move(path), .address = "127.0.0.1:9001", .timeout = 10s};
  }
  ProbeResult ask_for(std::string answer) {
    server_->request.clear();
    server_->answer = std::move(answer);
    return ask(http());
  }

  std::unique_ptr<ScriptedServer> server_;
};

TEST_F(HttpProbeTest, SendsOnePlainRequest) {
  EXPECT_READY(ask(http("/readyz?deep=1")));
  EXPECT_EQ(server_->request,
            "GET /readyz?deep=1 HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nUser-Agent: rollctl\r\nAccept: */*\r\n"
            "Connection: close\r\n\r\n");
}

TEST_F(HttpProbeTest, AsksForTheHostAndWithTheHeadersThatAreWanted) {
  auto spec = http();
  spec.host = "www.example.org";
  spec.headers = {"Authorization: Bearer x", "user-agent: kube-probe/1"};
  EXPECT_READY(ask(spec));
  EXPECT_EQ(server_->request,
            "GET /readyz HTTP/1.1\r\nHost: www.example.org\r\nAccept: */*\r\n"
            "Authorization: Bearer x\r\nuser-agent: kube-probe/1\r\nConnection: close\r\n\r\n");
}

TEST_F(HttpProbeTest, IsReadyWithTheStatusesThatAreWanted) {
  auto spec = http();
  spec.statuses = HttpStatuses::parse("200, 401-403").value();
  for (const int status : {200, 401, 403}) {
    server_->answer = "HTTP/1.1 " + std::to_string(status) + " X\r\n\r\n";
    EXPECT_READY(ask(spec));
  }
  for (const int status : {201, 302, 400, 404}) {
    server_->answer = "HTTP/1.1 " + std::to_string(status) + " X\r\n\r\n";
    EXPECT_NOT_READY(ask(spec));
  }
}

TEST_F(HttpProbeTest, IsReadyFrom200To399Only) {
  for (const int status : {200, 204, 301, 399})
    EXPECT_READY(ask_for("HTTP/1.1 " + std::to_string(status) + " X\r\n\r\n"));
  for (const int status : {101, 400, 404, 500, 503, 999}) {
    const auto result = ask_for("HTTP/1.1 " + std::to_string(status) + " X\r\n\r\n");
    EXPECT_NOT_READY(result);
    EXPECT_EQ(result.detail, "GET /readyz answered " + std::to_string(status));
  }
}

TEST_F(HttpProbeTest, AsksTheSharedPortByItsName) {
  shared_ = loopback(9001);
  auto spec = http();
  spec.address.clear();
  EXPECT_READY(ask(spec));
  EXPECT_EQ(steering_.aimed_at, std::vector<InstanceId>{7});
  EXPECT_NE(server_->request.find("\r\nHost: 127.0.0.1:9001\r\n"), std::string::npos);
}

TEST_F(HttpProbeTest, IsNotHeldUpByAServerThatKeepsTheConnection) {
  server_->after = ScriptedServer::After::KeepOpen;
  const auto start = loop_->now();
  EXPECT_READY(ask_for("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  EXPECT_READY(ask_for("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_LT(loop_->now() - start, 5s) << "far below the time limit of one";
}

TEST_F(HttpProbeTest, ReadsTheWholeOfASmallBodySoThatTheServerSeesNoReset) {
  EXPECT_READY(ask_for("HTTP/1.1 200 OK\r\n\r\n" + std::string(50'000, 'x')));
  run_for(5ms);
  EXPECT_EQ(server_->resets, 0);
}

TEST_F(HttpProbeTest, SaysThatItTimedOut) {
  server_->answer.clear();
  auto spec = http();
  spec.timeout = 50ms;
  const auto result = ask(spec);
  EXPECT_NOT_READY(result);
  EXPECT_EQ(result.detail, "GET /readyz timed out after 50ms");
  EXPECT_EQ(result.retry, ProbeResult::Retry::AtInterval);
}

// Without steering rollctl tries until the instance happens to accept.
TEST_F(HttpProbeTest, DoesNotCountTheSearchForTheInstanceAgainstIt) {
  shared_ = loopback(9001);
  steering_.takes = 700ms;
  server_->thinks = 500ms;
  auto spec = http();
  spec.address.clear();
  spec.timeout = 1s;
  EXPECT_READY(ask(spec));
}

TEST_F(HttpProbeTest, RefusesWhatIsNoHttp) {
  const auto result = ask_for("220 mail.example ESMTP\r\n");
  EXPECT_NOT_READY(result);
  EXPECT_EQ(result.detail, "GET /readyz did not get an HTTP answer but \"220 mail.example ESMTP\"");
}

TEST_F(HttpProbeTest, SaysThatTheConnectionWasClosedWithoutAnAnswer) {
  const auto result = ask_for("HTTP/1.1 200 OK\r\n");
  EXPECT_NOT_READY(result);
  EXPECT_EQ(result.detail, "GET /readyz got an answer that ends in the middle of its header");
}

TEST_F(HttpProbeTest, SaysThatNobodyIsThere) {
  server_.reset();
  EXPECT_EQ(ask(http()).detail, "connection refused by 127.0.0.1:9001");
}

}  // namespace
}  // namespace rollctl::test
