// SPDX-License-Identifier: MIT
// Servers that inherit their sockets, and servers without SO_REUSEPORT.
#include <sys/stat.h>

#include <filesystem>

#include "support/app_fixture.h"

namespace rollctl::test {

using testing::IsEmpty;

namespace {

constexpr const char* kPython = "/usr/bin/python3";
constexpr const char* kLowAddress = "127.0.0.1:80";

// Socket-activated and graceful: on SIGTERM it stops accepting and finishes its requests.
constexpr const char* kActivatedServer = R"(import http.server, os, signal, socket, sys, threading

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-Release", os.environ["ROLL_RELEASE"])
        self.send_header("Content-Length", "2")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *arguments):
        pass

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False

if int(os.environ["LISTEN_PID"]) != os.getpid() or os.environ["LISTEN_FDS"] != "1":
    sys.exit("no socket for me")
server = Server(("", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=3)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(poll_interval=0.02)
server.server_close()
)";

// Answers probes at a socket in {run_dir}.
constexpr const char* kServerWithSocketFile = R"(import os, socket, sys
shared = socket.socket()
shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
shared.bind(("127.0.0.1", 8080))
shared.listen()
own = socket.socket(socket.AF_UNIX)
own.bind(sys.argv[1])
own.listen()
open(os.environ["ROLL_RUN_DIR"] + "/data", "w").write("x")
while True:
    own.accept()[0].close()
)";

class SocketsTest : public AppTest {
 protected:
  void write_script(const std::string& name, const char* text) const {
    write(path(name), text);
    ASSERT_EQ(chmod(path(name).c_str(), 0644), 0);
  }

  Said deploy_file(const std::string& release, const std::string& text,
                   std::vector<std::string> options = {}) const {
    write_app(text);
    options.insert(options.begin(), {"deploy", "web", release});
    return rollctl(std::move(options));
  }

  [[nodiscard]] std::string activated(const std::string& more = {},
                                      const std::string& address = kAddress) const {
    return "command = [\"" + std::string(kPython) + "\", \"" + path("activated.py") + "\"]\nlisten = [\"" +
           address + "\"]\nsocket = \"inherit\"\n" + more;
  }

  // On SIGTERM it exits at once.
  [[nodiscard]] std::string http_server(const std::string& keys = {}) const {
    return "command = [\"" + std::string(kPython) +
           "\", \"-m\", \"http.server\", \"{port}\", \"--bind\", \"127.0.0.1\", \"--protocol\", "
           "\"HTTP/1.1\", "
           "\"--directory\", \"" +
           path("www") + "\"]\nlisten = [\"127.0.0.1:8080\"]\ninstances = 2\n" + keys +
           "[drain]\norder = \"idle\"\n";
  }
};

TEST_F(SocketsTest, HandsOverServersThatInheritTheirSockets) {
  write_script("activated.py", kActivatedServer);
  ASSERT_THAT(deploy_file("v1", activated("instances = 2\n")), ExitsWith(0));
  Clients clients;
  Clients more;
  for (const char* release : {"v2", "v3"}) {
    EXPECT_THAT(deploy_file(release, activated("instances = 2\n")), ExitsWith(0));
    clients.await_answers(20);
  }
  EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(0));
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_THAT(more.stop(), IsEmpty());
  expect_only("v3", 2);
  EXPECT_EQ(get()->release, "v3");
}

TEST_F(SocketsTest, AServerThatInheritsNeedsNoPrivilegeForALowPort) {
  ASSERT_TRUE(write_net_setting("ipv4/ip_unprivileged_port_start", "1024"));
  write_script("activated.py", kActivatedServer);
  ASSERT_THAT(deploy_file("v1", activated("user = \"nobody\"\n", kLowAddress)), ExitsWith(0));
  Clients clients(kLowAddress);
  // The sockets belong to rollctl's user, not to the servers'.
  EXPECT_THAT(deploy_file("v2", activated("user = \"daemon\"\n", kLowAddress)), ExitsWith(0));
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_EQ(get(kLowAddress)->release, "v2");
}

TEST_F(SocketsTest, AnInheritedSocketThatNobodyAcceptsFromIsNotReady) {
  const StubApp good{.behaviours = {"inherit"}, .keys = "socket = \"inherit\"\n"};
  deploy("v1", good);
  Clients clients;
  const Said said = try_deploy("v2",
                               {.behaviours = {"inherit", "accept-nothing"},
                                .keys = "socket = \"inherit\"\n",
                                .tables = "[ready]\ntimeout = \"100ms\"\n"},
                               {"--ready-deadline", "700ms"});
  clients.await_answers(10);
  EXPECT_THAT(clients.stop(), IsEmpty()) << "a new socket that is gated gets no client";
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_THAT(said, Complains("did not accept a connection"));
  expect_only("v1");
}

TEST_F(SocketsTest, ClientsNoticeNothingOfTheRestartOfAServerThatInherits) {
  deploy("v1", {.behaviours = {"inherit"},
                .keys = "socket = \"inherit\"\n",
                .tables = "[restart]\nbackoff = \"200ms\"\n"});
  const pid_t server = instance_of("v1").at("pid");
  kill_process(server);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(get());
  await("the restart is told", [&] { return instance_of("v1").at("restarts") == 1; });
  EXPECT_NE(instance_of("v1").at("pid"), server);
}

TEST_F(SocketsTest, SaysThatWithoutSteeringClientsMayHaveToWait) {
  const StubApp inheriting{.behaviours = {"inherit"}, .keys = "socket = \"inherit\"\n"};
  deploy("v1", inheriting);
  const Said said = try_deploy("v2", inheriting, {"--handover", "plain"});
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_THAT(said, Complains("a new instance gets connections from its start"));
  expect_only("v2");
}

TEST_F(SocketsTest, NamesTheUserWhenInheritingWouldChangeTheGroup) {
  write(path("servers.jsonl"), "");
  ASSERT_EQ(chmod(path("servers.jsonl").c_str(), 0666), 0);
  deploy("v1", {.keys = "user = \"nobody\"\n"});
  const Said said =
      try_deploy("v2", {.behaviours = {"inherit"}, .keys = "user = \"nobody\"\nsocket = \"inherit\"\n"});
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_THAT(said, Complains("opened by rollctl itself, as root (0)"));
  const Said checked = rollctl({"check", "web"});
  EXPECT_THAT(checked, ExitsWith(1));
  EXPECT_THAT(checked, Complains("keep `socket` as it was, or stop the app before it changes"));
  expect_only("v1");
}

TEST_F(SocketsTest, NamesTheWildcardWhenInheritingWouldChangeTheGroup) {
  deploy("v1", {.behaviours = {"listen-on=0.0.0.0:8080"}, .listen = {":8080"}});
  const Said said =
      try_deploy("v2", {.behaviours = {"inherit"}, .listen = {":8080"}, .keys = "socket = \"inherit\"\n"});
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_THAT(said, Complains("listen on 0.0.0.0:8080, the app file says [::]:8080"));
  expect_only("v1");
}

TEST_F(SocketsTest, HandsOverServersThatKnowNothingOfSoReuseport) {
  std::filesystem::create_directory(path("www"));
  write(path("www/index.html"), "hello");
  const std::string preload = http_server("socket = \"preload\"\n");
  ASSERT_THAT(deploy_file("v1", preload), ExitsWith(0));
  Clients clients;
  for (const char* release : {"v2", "v3"}) {
    EXPECT_THAT(deploy_file(release, preload), ExitsWith(0));
    clients.await_answers(20);
  }
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v3", 2);
}

TEST_F(SocketsTest, SaysThatAPortOpenedWithoutPreloadingCannotBeShared) {
  ASSERT_THAT(try_deploy("v1", {.behaviours = {"no-reuseport"}}, {"--handover", "plain"}), ExitsWith(0));
  const Said said = try_deploy("v2", {.behaviours = {"no-reuseport"}, .keys = "socket = \"preload\"\n"});
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_THAT(said, Complains("opened 127.0.0.1:8080 without SO_REUSEPORT"));
  EXPECT_THAT(said, Complains("rollctl stop web --handover plain"));
  expect_only("v1");
  ASSERT_THAT(rollctl({"stop", "web", "--handover", "plain"}), ExitsWith(0));
  const StubApp preloaded{.behaviours = {"no-reuseport"}, .instances = 2, .keys = "socket = \"preload\"\n"};
  deploy("v2", preloaded);
  deploy("v3", preloaded);
  expect_only("v3", 2);
}

TEST_F(SocketsTest, RefusesToPreloadWhereItHasNoEffect) {
  std::filesystem::copy_file("/bin/sleep", path("sleep"));
  ASSERT_EQ(chmod(path("sleep").c_str(), 04755), 0);
  const std::string text = "command = [\"" + path("sleep") +
                           "\", \"1000\"]\nlisten = [\"127.0.0.1:8080\"]\nsocket = \"preload\"\n";
  for (const Said& said : {deploy_file("v1", text), rollctl({"check", "web"})}) {
    EXPECT_THAT(said, ExitsWith(2));
    EXPECT_THAT(said, Complains("is a setuid or setgid program"));
    EXPECT_THAT(said, Complains("\"inherit\""));
  }
}

TEST_F(SocketsTest, TheServersUserMayMakeFilesInItsRunFolder) {
  write_script("own.py", kServerWithSocketFile);
  const std::string text = "command = [\"" + std::string(kPython) + "\", \"" + path("own.py") +
                           "\", \"{run_dir}/own.sock\"]\nlisten = [\"127.0.0.1:8080\"]\nuser = "
                           "\"nobody\"\n[ready]\nkind = \"tcp\"\n"
                           "address = \"unix:{run_dir}/own.sock\"\n";
  ASSERT_THAT(deploy_file("v1", text), ExitsWith(0));
  ASSERT_THAT(deploy_file("v2", text), ExitsWith(0));
  expect_only("v2");
}

}  // namespace

}  // namespace rollctl::test
