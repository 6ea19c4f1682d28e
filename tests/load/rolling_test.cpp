// SPDX-License-Identifier: MIT
// The promise, under load: deploy after deploy, and every request that was sent is answered.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/atomic_file.h"
#include "faults/client_load.h"
#include "faults/rolled_app.h"
#include "support/gate_breaches.h"
#include "support/json_lines.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto kPatience = 60s;
constexpr int kInstances = 2;
constexpr int kPlainTries = 5;        // times the deploys of the others: a plain one seldom loses anything
constexpr int kBetweenDeploys = 500;  // requests, each on a connection of its own where clients connect

int deploys() {
  const char* wanted = std::getenv("ROLL_LOAD_DEPLOYS");
  return wanted != nullptr ? std::atoi(wanted) : 200;
}

// A counter of this network namespace, by its name in /proc/net/netstat.
long net_counter(const std::string& name) {
  std::ifstream file("/proc/thread-self/net/netstat");
  for (std::string names, values; std::getline(file, names) && std::getline(file, values);) {
    std::istringstream each_name(names);
    std::istringstream each_value(values);
    for (std::string one, value; each_name >> one && each_value >> value;)
      if (one == name) return std::stol(value);
  }
  return 0;
}

class RollingTest : public NetNamespaceTest {
 protected:
  void roll_out(const std::string& app_file, std::optional<uid_t> uid = {}) {
    auto made = RolledApp::create(app_file, {.uid = uid});
    ASSERT_TRUE(made) << made.error().message;
    app_.emplace(std::move(*made));
    const RunResult first = app_->run({"deploy", "web", "v0"});
    ASSERT_EQ(first.exit, ChildExit::with_code(0)) << first.errors;
  }

  void begin_load(const std::vector<std::string>& options) {
    auto load = ClientLoad::begin(options);
    ASSERT_TRUE(load) << load.error().message;
    load_.emplace(std::move(*load));
  }

  void deploy(int number, const std::string& handover) {
    const RunResult result =
        app_->run({"deploy", "web", fmt::format("v{}", number), "--handover", handover, "--quiet"});
    ASSERT_EQ(result.exit, ChildExit::with_code(0)) << result.output << result.errors;
  }

  std::optional<RolledApp> app_;
  std::optional<ClientLoad> load_;
};

constexpr uid_t kNobody = 65534;

struct Way {
  const char* handover;
  const char* migrate;  // tcp_migrate_req
  const char* clients;
  std::optional<uid_t> uid = {};
};

void PrintTo(const Way& way, std::ostream* out) {  // NOLINT(readability-identifier-naming): gtest's name
  *out << way.handover << " " << way.clients << (way.uid ? " as an ordinary user" : "");
}

class RollingWayTest : public RollingTest, public testing::WithParamInterface<Way> {};

INSTANTIATE_TEST_SUITE_P(By, RollingWayTest,
                         testing::Values(Way{"steer", "0", "--connect"}, Way{"steer", "0", "--keepalive"},
                                         Way{"migrate", "1", "--connect"}, Way{"migrate", "1", "--keepalive"},
                                         Way{"steer", "0", "--connect", kNobody},
                                         Way{"steer", "0", "--keepalive", kNobody}),
                         [](const auto& by) {
                           const bool connects = std::string(by.param.clients) == "--connect";
                           return by.param.handover +
                                  std::string(connects ? "WithAConnectionPerRequest" : "WithKeepAlive") +
                                  (by.param.uid ? "AsAnOrdinaryUser" : "");
                         });

TEST_P(RollingWayTest, AnswersAllThatIsSent) {
  const Way way = GetParam();
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", way.migrate));
  if (way.uid && geteuid() != 0) GTEST_SKIP() << "changes its uid, which only root may";
  roll_out(httpd_app_file(kInstances), way.uid);
  begin_load({way.clients, "64"});
  for (int number = 1; number <= deploys() && !HasFatalFailure(); ++number) {
    deploy(number, way.handover);
    const json books = load_->await(kBetweenDeploys);
    ASSERT_TRUE(books.is_object()) << "roll-load has gone";
  }
  const json books = load_->end();
  EXPECT_EQ(books["sent"], books["answered"]) << summary_of(books);
  EXPECT_EQ(books["failed"], 0) << summary_of(books);
  EXPECT_EQ(books["unsolicited"], 0);
  EXPECT_EQ(app_->complaints(fmt::format("v{}", deploys()), kInstances), "");
  fmt::print("{} {}{}: {} deploys, {}, latency {}, migrated by the kernel {}, in vain {}\n", way.handover,
             way.clients, way.uid ? " as an ordinary user" : "", deploys(), summary_of(books),
             books["latency_ms"].dump(), net_counter("TCPMigrateReqSuccess"),
             net_counter("TCPMigrateReqFailure"));
}

// Were the load too weak to lose something, what the others say would be worth nothing.
TEST_F(RollingTest, LosesSomethingWhenThePortIsHandedOverPlainly) {
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "0"));
  roll_out(httpd_app_file(kInstances));
  begin_load({"--connect", "64"});
  int number = 0;
  json books;
  do {
    deploy(++number, "plain");
    books = load_->await(kBetweenDeploys);
    ASSERT_TRUE(books.is_object()) << "roll-load has gone";
  } while (books["failed"] == 0 && number < kPlainTries * deploys() && !HasFatalFailure());
  EXPECT_GT(books["failed"], 0) << summary_of(books);
  fmt::print("plain: {} deploys, {}\n", number, summary_of(load_->end()));
}

TEST_F(RollingTest, ADownloadOutlivesDeploys) {
  constexpr int kDeploys = 10;
  constexpr uintmax_t kMebibytes = 200;
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "0"));
  roll_out(httpd_app_file(kInstances));
  {
    // Mostly holes, but no two pieces alike.
    std::ofstream file(app_->path("www/big"), std::ios::binary);
    for (uintmax_t piece = 0; piece < kMebibytes; ++piece) {
      file.seekp(static_cast<std::streamoff>((piece << 20) + 4096 * (piece % 256)));
      file << fmt::format("piece {}", piece);
    }
    file.seekp((kMebibytes << 20) - 1);
    file << '.';
  }
  const auto sum = run_child({.argv = {"sha256sum", app_->path("www/big")}}, kPatience);
  ASSERT_TRUE(sum);
  begin_load({"--connect", "8", "--download", "/big", "--download-rate", "10M", "--expect-sha256",
              sum->output.substr(0, 64)});
  int number = 0;
  json books;
  do {
    const RunResult result =
        app_->run({"deploy", "web", fmt::format("v{}", ++number), "--handover", "steer", "--detach", "-q"});
    ASSERT_EQ(result.exit, ChildExit::with_code(0)) << result.errors;
    books = load_->await(kBetweenDeploys);
    ASSERT_TRUE(books.is_object()) << "roll-load has gone";
  } while (number < kDeploys);
  EXPECT_EQ(books["downloads"][0]["state"], "running") << books["downloads"];
  books = load_->end();
  EXPECT_EQ(books["sent"], books["answered"]) << summary_of(books);
  EXPECT_EQ(books["downloads"][0]["state"], "complete") << books["downloads"];
  EXPECT_EQ(books["downloads"][0]["bytes"], kMebibytes << 20);
  EXPECT_EQ(books["downloads"][0]["sha256"], sum->output.substr(0, 64));
  EXPECT_EQ(books["downloads"][0]["release"], "v0");
  fmt::print("download: {} deploys, {}, {}\n", number, books["downloads"].dump(), summary_of(books));
}

std::string stub_app_file(const std::string& behaviour) {
  return fmt::format(
      R"(command = ["$BIN/stub_server", "--listen", "{{listen}}", "--count-file", "$ROOT/events",
  "--behaviour", "{}"]
listen = ["127.0.0.1:8080"]
[ready]
kind = "http"
path = "/readyz"
)",
      behaviour);
}

TEST_F(RollingTest, NoClientReachesAReleaseThatIsNotReady) {
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "0"));
  roll_out(stub_app_file("answer-after=0ms"));
  begin_load({"--connect", "64"});
  app_->write_app_file(stub_app_file("ready-after=3s"));
  deploy(1, "steer");
  load_->await(kBetweenDeploys);
  const json books = load_->end();
  EXPECT_EQ(books["sent"], books["answered"]) << summary_of(books);
  EXPECT_GT(books["releases"]["v1"], 0);

  const auto text = read_file(app_->path("www/events"), size_t{1} << 30);
  ASSERT_TRUE(text) << text.error().message;
  const auto events = json_lines(*text);
  const auto probed = std::ranges::count_if(events, [](const json& event) {
    return event["release"] == "v1" && event["ready"] == false && event["event"] == "request" &&
           event["detail"] == "/readyz";
  });
  EXPECT_GT(probed, 5);
  const size_t misled = gate_breaches(events, "v1");
  EXPECT_EQ(misled, 0U);
  fmt::print("while it was not ready: {} probes and {} clients reached it; {}\n", probed, misled,
             summary_of(books));
}

}  // namespace
}  // namespace rollctl::test
