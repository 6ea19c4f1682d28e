// SPDX-License-Identifier: MIT
// http = "close" in [drain], with a server that closes its idle connections at once when it is told to end.
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "faults/client_load.h"
#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr uid_t kNobody = 65534;
constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";
constexpr const char* kClose = "Connection: close\r\n";

// A thread for each connection, as http.server has it; `blocking` or not. "hold" makes it answer late.
constexpr const char* kServer = R"(
import os, select, signal, socket, sys, threading
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.bind(('127.0.0.1', 8080))
listener.listen(1000)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
answer = b'HTTP/1.1 200 OK\r\nX-Release: ' + sys.argv[1].encode() + b'\r\nContent-Length: 2\r\n\r\nok'
def serve(connection):
    if sys.argv[2] == 'nonblocking': connection.setblocking(False)
    request = b''
    while True:
        select.select([connection], [], [])
        more = connection.recv(65536)
        if not more: return connection.close()
        request += more
        if request.startswith(b'PING'):
            connection.send(b'PONG')
            request = b''
        while b'\r\n\r\n' in request:
            head, request = request.split(b'\r\n\r\n', 1)
            size = 1000 if head.startswith(b'POST') else 0
            while len(request) < size:
                select.select([connection], [], [])
                request += connection.recv(65536)
            request = request[size:]
            connection.send(answer)
def accept():
    while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
threading.Thread(target=accept, daemon=True).start()
while True: signal.pause()
)";

// A client that keeps its connection.
class Kept {
 public:
  Kept() {
    auto connected = connect_client();
    EXPECT_TRUE(connected);
    if (connected) fd_ = std::move(*connected);
    const timeval patience{30, 0};
    EXPECT_EQ(::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  }
  // The response, or what came of it.
  [[nodiscard]] std::string ask(const std::string& request = kGet,
                                const std::string& end = "\r\n\r\nok") const {
    if (::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "cannot send";
    std::string response;
    while (!response.ends_with(end)) {
      char buffer[1000];
      const ssize_t size = ::recv(fd_.get(), buffer, sizeof buffer, 0);
      if (size <= 0) return response + (size == 0 ? "(end)" : "(reset)");
      response.append(buffer, static_cast<size_t>(size));
    }
    return response;
  }
  // Asks until a response says that it is the last one; false where none does.
  [[nodiscard]] bool is_asked_to_leave() {
    for (int i = 0; i < 100'000; ++i) {
      const std::string response = ask();
      if (!response.ends_with("\r\n\r\nok")) return false;
      if (response.find(kClose) == std::string::npos) continue;
      fd_.reset();
      return true;
    }
    return false;
  }

 private:
  Fd fd_;
};

}  // namespace

class HttpDrainTest : public AppTest {
 protected:
  void write_server(const std::string& drain, const std::string& kind = "nonblocking") const {
    write(path("server.py"), kServer);
    write_app("command = [\"/usr/bin/python3\", \"" + path("server.py") + "\", \"{release}\", \"" + kind +
              "\"]\nlisten = [\"127.0.0.1:8080\"]\n[drain]\n" + drain);
  }
  void deploy_v1(const std::string& drain, const std::string& kind = "nonblocking") const {
    write_server(drain, kind);
    ASSERT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  }
  // A deploy that waits for the clients of v1.
  [[nodiscard]] ChildProcess begin_v2() const {
    ChildProcess deploy = start({"deploy", "web", "v2", "--json"});
    await_event(deploy, "instance.draining");
    return deploy;
  }
};

TEST_F(HttpDrainTest, LosesNoRequestOnAKeptAliveConnection) {
  deploy_v1("http = \"close\"\n");
  auto load = ClientLoad::begin({"--keepalive", "16"});
  ASSERT_TRUE(load) << load.error().message;
  auto posts = ClientLoad::begin({"--keepalive", "16", "--post", "1000"});
  ASSERT_TRUE(posts) << posts.error().message;
  size_t asked = 0;
  for (const char* release : {"v2", "v3", "v4", "v5", "v6", "v7"}) {
    const Said said = rollctl({"deploy", "web", release, "--json"});
    ASSERT_THAT(said, ExitsWith(0));
    EXPECT_EQ(said.event("instance.drained")["http"]["left"], 32) << said.out;
    asked += said.event("deploy.finished")["http"]["asked"].get<size_t>();
    ASSERT_TRUE(load->await(200).is_object());
    ASSERT_TRUE(posts->await(200).is_object());
  }
  for (ClientLoad* one : {&*load, &*posts}) {
    const json books = one->end();
    EXPECT_EQ(books["failed"], 0) << summary_of(books);
  }
  EXPECT_GT(asked, 6 * 16U);
  const Said history = rollctl({"history", "web", "--json"});
  EXPECT_EQ(json::parse(history.out)["changes"][0]["http"]["left"], 32);
}

TEST_F(HttpDrainTest, TellsHowManyWereAskedLeftAndWereSilent) {
  deploy_v1("http = \"close\"\nhttp_silence = \"300ms\"\n");
  Kept talking, silent;
  EXPECT_THAT(talking.ask(), AllOf(HasSubstr("v1"), Not(HasSubstr(kClose))));
  EXPECT_THAT(silent.ask(), HasSubstr("v1"));
  ChildProcess deploy = begin_v2();
  EXPECT_TRUE(talking.is_asked_to_leave());
  const Said said = finish(deploy);
  EXPECT_THAT(said, ExitsWith(0));
  const json http{{"asked", 1}, {"left", 1}, {"silent", 1}, {"other", 0}, {"blocking", 0}};
  EXPECT_EQ(said.event("instance.drained")["http"], http) << said.out;
  EXPECT_EQ(said.event("deploy.finished")["http"], http);
}

TEST_F(HttpDrainTest, StatusTellsHowFarItIs) {
  deploy_v1("http = \"close\"\n");
  Kept first, second;
  EXPECT_THAT(first.ask(), HasSubstr("v1"));
  EXPECT_THAT(second.ask(), HasSubstr("v1"));
  ChildProcess deploy = begin_v2();
  EXPECT_TRUE(first.is_asked_to_leave());
  await("status tells", [&] {
    return rollctl({"status", "web"}).out.find("1 client asked to leave, 1 connection closed") !=
           std::string::npos;
  });
  EXPECT_EQ(instance_of("v1")["http"]["left"], 1);
  EXPECT_TRUE(second.is_asked_to_leave());
  EXPECT_THAT(finish(deploy), ExitsWith(0));
}

TEST_F(HttpDrainTest, WaitsForNoConnectionThatSpeaksSomethingElse) {
  deploy_v1("http = \"close\"\nhttp_silence = \"10s\"\n");
  Kept other;
  EXPECT_EQ(other.ask("PING", "PONG"), "PONG");
  ChildProcess deploy = begin_v2();
  EXPECT_EQ(other.ask("PING", "PONG"), "PONG");
  const Said said = finish(deploy);
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("instance.drained")["http"]["other"], 1) << said.out;
}

TEST_F(HttpDrainTest, LeavesBlockingSocketsAloneUnlessItIsToldTo) {
  deploy_v1("http = \"close\"\nhttp_silence = \"10s\"\n", "blocking");
  Kept client;
  EXPECT_THAT(client.ask(), HasSubstr("v1"));
  const Said said = rollctl({"deploy", "web", "v2", "--json"});
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("instance.drained")["http"]["blocking"], 1) << said.out;

  write_server("http = \"close-blocking\"\n", "blocking");
  ASSERT_THAT(rollctl({"deploy", "web", "v3"}), ExitsWith(0));
  Kept another;
  EXPECT_THAT(another.ask(), HasSubstr("v3"));
  ChildProcess deploy = start({"deploy", "web", "v4", "--json"});
  await_event(deploy, "instance.draining");
  EXPECT_TRUE(another.is_asked_to_leave());
  EXPECT_THAT(finish(deploy), ExitsWith(0));
}

TEST_F(HttpDrainTest, AnOrdinaryUserIsRefusedBeforeAnythingStarts) {
  run_as(kNobody);
  write_server("http = \"close\"\n");
  for (const char* command : {"check", "deploy"}) {
    std::vector<std::string> words{command, "web"};
    if (words.front() == "deploy") words.emplace_back("v1");
    const Said said = rollctl(words);
    EXPECT_THAT(
        said, AllOf(ExitsWith(7), Complains("http = \"close\" in [drain]: changing responses needs CAP_BPF"),
                    Complains("set http = \"keep\"")));
  }
  EXPECT_FALSE(std::filesystem::exists(path("run/web/1")));
}

TEST_F(HttpDrainTest, ADrainGoesOnWithoutRollctl) {
  deploy_v1("http = \"close\"\nhttp_silence = \"10s\"\n");
  Kept first, second;
  EXPECT_THAT(first.ask(), HasSubstr("v1"));
  EXPECT_THAT(second.ask(), HasSubstr("v1"));
  {
    ChildProcess deploy = begin_v2();
    kill_process(deploy.pid());
    (void)finish(deploy);
  }
  EXPECT_TRUE(first.is_asked_to_leave());
  EXPECT_TRUE(second.is_asked_to_leave());
  await("v1 has ended", [&] { return !std::filesystem::exists(path("run/web/1")); });
  EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
  expect_only("v2");
  const auto events = journal();
  EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](const json& event) {
    return event["event"] == "instance.drained" && event["http"]["asked"] == 2;
  }));
}

TEST_F(HttpDrainTest, WithoutItsShimTheConnectionsAreAsBefore) {
  deploy_v1("http = \"close\"\nhttp_silence = \"10s\"\ndeadline = \"20s\"\n");
  Kept client;
  EXPECT_THAT(client.ask(), HasSubstr("v1"));
  const pid_t shim = instance_of("v1")["shim_pid"];
  ChildProcess deploy = begin_v2();
  kill_process(shim);
  // rollctl tells the orphan to end; what is on its way then is answered or not, as without http = "close".
  EXPECT_THAT(finish(deploy), ExitsWith(0));
  expect_only("v2");
}

TEST_F(HttpDrainTest, AServerThatDiesMeanwhileIsNotWaitedFor) {
  deploy_v1("http = \"close\"\nhttp_silence = \"10s\"\n");
  Kept client;
  EXPECT_THAT(client.ask(), HasSubstr("v1"));
  const pid_t server = instance_of("v1")["pid"];
  ChildProcess deploy = begin_v2();
  kill_process(server);
  const Said said = finish(deploy);
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_LT(said.event("instance.drained")["after_ms"], 5000);
  expect_only("v2");
}

TEST_F(HttpDrainTest, AnOrderIdleWaitsForTheRestAfterwards) {
  deploy_v1("order = \"idle\"\nhttp = \"close\"\nhttp_silence = \"200ms\"\n");
  Kept silent, talking;
  EXPECT_THAT(talking.ask(), HasSubstr("v1"));
  EXPECT_THAT(silent.ask(), HasSubstr("v1"));
  ChildProcess deploy = begin_v2();
  EXPECT_TRUE(talking.is_asked_to_leave());
  await("only a silent one is left", [&] { return instance_of("v1")["http"]["silent"] == 1; });
  EXPECT_THAT(silent.ask(), HasSubstr("v1"));
  silent = Kept();
  EXPECT_THAT(finish(deploy), ExitsWith(0));
}

}  // namespace rollctl::test
