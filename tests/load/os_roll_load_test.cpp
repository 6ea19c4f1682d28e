// SPDX-License-Identifier: MIT
// The judge judged: roll-load against servers that are known to lose something, or nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/child_process.h"
#include "support/net_namespace.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

constexpr auto kPatience = 20s;

class RollLoadTest : public NetNamespaceTest {
 protected:
  static ChildProcess serve(std::vector<std::string> behaviours,
                            const std::string& address = "127.0.0.1:8080",
                            const std::string& release = "v1") {
    ChildSpec spec{.argv = {program_path("stub_server"), "--listen", address, "--count-file", "/dev/stdout"}};
    for (auto& behaviour : behaviours) {
      spec.argv.emplace_back("--behaviour");
      spec.argv.push_back(std::move(behaviour));
    }
    spec.env = {"ROLL_RELEASE=" + release};
    auto server = ChildProcess::spawn(std::move(spec));
    EXPECT_TRUE(server) << server.error().message;
    auto listening = server->await_output("\"event\":\"listen\"", kPatience);
    EXPECT_TRUE(listening) << listening.error().message;
    return std::move(*server);
  }

  static ChildSpec load_spec(std::vector<std::string> options) {
    ChildSpec spec{.argv = {program_path("roll-load"), "--target", "127.0.0.1:8080", "--json"}};
    spec.argv.insert(spec.argv.end(), options.begin(), options.end());
    return spec;
  }

  struct Judgement {
    ChildExit exit;
    json report;
  };
  static Judgement judge(std::vector<std::string> options) {
    auto result = run_child(load_spec(std::move(options)), kPatience);
    EXPECT_TRUE(result) << result.error().message;
    if (!result) return {};
    return {result->exit, json::parse(result->output, nullptr, false)};
  }

  // A load that goes on until it is told to stop; commands on its input.
  static ChildProcess begin_load(std::vector<std::string> options) {
    ChildSpec spec = load_spec(std::move(options));
    spec.argv.emplace_back("--until-stdin-eof");
    spec.input = Input::Pipe;
    auto load = ChildProcess::spawn(std::move(spec));
    EXPECT_TRUE(load) << load.error().message;
    return std::move(*load);
  }

  static json ask(ChildProcess& load, const std::string& command) {
    EXPECT_TRUE(load.write_input(command + "\n"));
    auto line = load.read_line(kPatience);
    EXPECT_TRUE(line) << line.error().message;
    return line ? json::parse(*line, nullptr, false) : json();
  }

  static Judgement end_load(ChildProcess& load) {
    load.close_input();
    auto line = load.read_line(kPatience);
    EXPECT_TRUE(line) << line.error().message;
    if (!line) return {};
    auto exit = load.wait(kPatience);
    EXPECT_TRUE(exit) << exit.error().message;
    if (!exit) return {};
    return {*exit, json::parse(*line, nullptr, false)};
  }
};

TEST_F(RollLoadTest, PassesAServerThatAnswersEverything) {
  auto server = serve({});
  auto [exit, report] =
      judge({"--connect", "8", "--keepalive", "4", "--requests", "500", "--download", "/bytes/1000000"});
  EXPECT_EQ(exit, ChildExit::with_code(0)) << report;
  EXPECT_EQ(report["ok"], true);
  EXPECT_EQ(report["sent"], 501);
  EXPECT_EQ(report["answered"], 501);
  EXPECT_EQ(report["releases"], json({{"v1", 501}}));
  EXPECT_EQ(report["downloads"][0]["bytes"], 1000000);
  auto connects = report["modes"]["connect"]["sent"].get<int>();
  EXPECT_EQ(report["connections"]["opened"], connects + 4 + 1);
}

TEST_F(RollLoadTest, WorksOverIpv6) {
  auto server = serve({}, "[::1]:8080");
  auto result = run_child(
      {.argv = {program_path("roll-load"), "--target", "[::1]:8080", "--connect", "4", "--requests", "50"}},
      kPatience);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->exit, ChildExit::with_code(0)) << result->output;
  EXPECT_THAT(result->output, HasSubstr("sent 50, answered 50, failed 0"));
}

TEST_F(RollLoadTest, CountsEachRefusedConnectionAsSentAndFailed) {
  auto [exit, report] = judge({"--connect", "2", "--requests", "10"});
  EXPECT_EQ(exit, ChildExit::with_code(1));
  EXPECT_EQ(report["sent"], 10);
  EXPECT_EQ(report["failures"], json({{"connect_ECONNREFUSED", 10}}));
}

struct Loss {
  const char* behaviour;
  const char* kind;
};

class RollLoadLossTest : public RollLoadTest,
                         public testing::WithParamInterface<std::tuple<Loss, const char*>> {};

INSTANTIATE_TEST_SUITE_P(
    Each, RollLoadLossTest,
    testing::Combine(testing::Values(Loss{"answer=error", "status_500"}, Loss{"answer=short", "short_body"},
                                     Loss{"answer=garbage", "malformed_answer"},
                                     Loss{"answer=close", "eof_before_answer"},
                                     Loss{"answer=reset", "reset_before_answer"},
                                     Loss{"answer=never", "timeout"}, Loss{"accept-nothing", "timeout"}),
                     testing::Values("--connect", "--keepalive", "--download")));

TEST_P(RollLoadLossTest, IsCountedByItsKind) {
  auto [loss, mode] = GetParam();
  auto server = serve({loss.behaviour});
  bool download = std::string(mode) == "--download";
  std::vector<std::string> options = {mode, download ? "/bytes/100000" : "2"};
  if (std::string(loss.kind) == "timeout") options.insert(options.end(), {"--timeout", "100ms"});
  if (!download) options.insert(options.end(), {"--requests", "6"});
  auto [exit, report] = judge(options);
  int count = download ? 1 : 6;
  EXPECT_EQ(exit, ChildExit::with_code(1));
  EXPECT_EQ(report["sent"], count);
  EXPECT_EQ(report["answered"], 0);
  EXPECT_EQ(report["failures"], json({{loss.kind, count}}));
  EXPECT_EQ(report["first_failures"].size(), static_cast<size_t>(count));
}

TEST_F(RollLoadTest, NoticesAServerThatIsKilled) {
  auto server = serve({"rate=1000000"});
  auto load = begin_load({"--connect", "8", "--keepalive", "4", "--download", "/bytes/100000000"});
  EXPECT_EQ(ask(load, "await 200")["failed"], 0);
  ASSERT_TRUE(server.stop(SIGKILL, kPatience));
  ask(load, "await 50");
  auto [exit, report] = end_load(load);
  EXPECT_EQ(exit, ChildExit::with_code(1));
  EXPECT_GT(report["failures"].value("connect_ECONNREFUSED", 0), 0) << report["failures"];
  EXPECT_GT(report["modes"]["connect"]["failed"], 0);
  EXPECT_GT(report["modes"]["keepalive"]["failed"], 0);
  EXPECT_EQ(report["downloads"][0]["state"], "failed");
  EXPECT_EQ(report["sent"], report["answered"].get<int>() + report["failed"].get<int>());
}

TEST_F(RollLoadTest, NoticesWhatANaiveHandoverLoses) {
  std::vector<ChildProcess> servers;
  servers.push_back(serve({"naive"}));
  auto load = begin_load({"--connect", "32"});
  uint64_t lost = 0;
  // One handover may be lucky; thirty are not.
  for (int i = 0; i < 30 && lost == 0; ++i) {
    servers.push_back(serve({"naive"}));
    ask(load, "await 100");
    ASSERT_TRUE(servers.front().stop(SIGTERM, kPatience));
    servers.erase(servers.begin());
    lost = ask(load, "await 100")["failed"];
  }
  auto [exit, report] = end_load(load);
  EXPECT_GT(lost, 0U);
  EXPECT_EQ(exit, ChildExit::with_code(1)) << report;
  EXPECT_EQ(report["failures"].count("connect_ECONNREFUSED"), 0U) << "somebody listened all the time";
}

TEST_F(RollLoadTest, TakesTheEndOfAConnectionBetweenRequestsForNormal) {
  auto old_server = serve({"no-reuseport"});
  auto load = begin_load({"--keepalive", "4", "--think", "1ms"});
  ask(load, "await 50");
  // Each connection is answered with `Connection: close` once the server drains; all that is refused after
  // that was sent on a new connection.
  auto stopped = old_server.stop(SIGTERM, kPatience);
  ASSERT_TRUE(stopped) << stopped.error().message;
  auto [exit, report] = end_load(load);
  for (const auto& [kind, count] : report["failures"].items())
    EXPECT_EQ(kind, "connect_ECONNREFUSED") << count;
}

TEST_F(RollLoadTest, TakesTheEndOfAnIdleConnectionForNormal) {
  auto server = serve({});
  auto load = begin_load({"--keepalive", "4", "--think", "1h"});
  // Not `await`, which counts from when it is read.
  while (ask(load, "snapshot")["answered"] != 4 && !load.has_exited()) continue;
  auto stopped = server.stop(SIGTERM, kPatience);  // half-closes what stays idle
  ASSERT_TRUE(stopped) << stopped.error().message;
  auto [exit, report] = end_load(load);
  EXPECT_EQ(exit, ChildExit::with_code(0)) << report;
  EXPECT_EQ(report["answered"], 4);
}

TEST_F(RollLoadTest, FailsOnDataThatNobodyAskedFor) {
  auto server = serve({"answer=excess"});
  auto [exit, report] = judge({"--keepalive", "1", "--requests", "1"});
  EXPECT_EQ(exit, ChildExit::with_code(1));
  EXPECT_EQ(report["answered"], 1);
  EXPECT_EQ(report["unsolicited"], 1);
}

TEST_F(RollLoadTest, FinishesWhatIsOutstandingWhenItIsStopped) {
  auto server = serve({"answer-after=300ms"});
  auto load = begin_load({"--connect", "4", "--download", "/bytes/1000000"});
  auto [exit, report] = end_load(load);
  EXPECT_EQ(exit, ChildExit::with_code(0)) << report;
  EXPECT_EQ(report["sent"], 5);
  EXPECT_EQ(report["answered"], 5);
}

TEST_F(RollLoadTest, StopsOnASignalAndGivesUpOnTheSecond) {
  auto server = serve({"answer=never"});
  auto load = begin_load({"--connect", "3"});
  EXPECT_EQ(ask(load, "snapshot")["outstanding"], 3);
  ASSERT_TRUE(load.send_signal(SIGINT));
  ASSERT_TRUE(load.send_signal(SIGTERM));
  auto [exit, report] = end_load(load);
  EXPECT_EQ(exit, ChildExit::with_code(1));
  EXPECT_EQ(report["failures"], json({{"unfinished", 3}}));
}

TEST_F(RollLoadTest, RefusesADownloadWithAnotherChecksum) {
  auto server = serve({});
  auto good = judge({"--download", "/bytes/1000000"});
  std::string sum = good.report["downloads"][0]["sha256"];
  EXPECT_EQ(judge({"--download", "/bytes/1000000", "--expect-sha256", sum}).exit, ChildExit::with_code(0));
  auto [exit, report] = judge({"--download", "/bytes/1000008", "--expect-sha256", sum});
  EXPECT_EQ(exit, ChildExit::with_code(1));
  EXPECT_EQ(report["failures"], json({{"wrong_checksum", 1}}));
}

TEST_F(RollLoadTest, ReadsADownloadNoFasterThanItIsTold) {
  auto server = serve({});
  auto [exit, report] = judge({"--download", "/bytes/300000", "--download-rate", "1000K"});
  EXPECT_EQ(exit, ChildExit::with_code(0));
  EXPECT_GE(report["downloads"][0]["took_ms"], 290);
}

TEST_F(RollLoadTest, TellsTheReleasesApart) {
  auto one = serve({}, "127.0.0.1:8080", "v1");
  auto two = serve({}, "127.0.0.1:8080", "v2");
  auto [exit, report] = judge({"--connect", "8", "--requests", "400"});
  EXPECT_EQ(exit, ChildExit::with_code(0));
  EXPECT_GT(report["releases"]["v1"], 0);
  EXPECT_GT(report["releases"]["v2"], 0);
}

TEST_F(RollLoadTest, SpeaksAnotherProtocolInBytes) {
  auto server = serve({});
  const std::string words = "GET / HTTP/1.1\\x0d\\x0aHost: x\\x0d\\x0a\\x0d\\x0a";
  for (const char* clients : {"--connect", "--keepalive"}) {
    auto [exit, report] = judge({"--say", words, "--expect", "200 OK", clients, "4", "--requests", "40"});
    EXPECT_EQ(exit, ChildExit::with_code(0)) << report;
    EXPECT_EQ(report["answered"], 40);
    EXPECT_EQ(report["connections"]["left_to_client"], 0);
  }
  auto [exit, report] = judge({"--say", words, "--expect", "nothing like it", "--connect", "1", "--requests",
                               "1", "--timeout", "50ms"});
  EXPECT_EQ(exit, ChildExit::with_code(1));
  EXPECT_EQ(report["failures"], json({{"timeout", 1}}));
}

TEST_F(RollLoadTest, HoldsTheLastByteOfARequestBack) {
  auto server = serve({});
  for (const char* clients : {"--connect", "--keepalive"}) {
    auto [exit, report] = judge({clients, "4", "--requests", "12", "--pause", "100ms"});
    EXPECT_EQ(exit, ChildExit::with_code(0)) << report;
    EXPECT_EQ(report["answered"], 12);
    EXPECT_GE(report["latency_ms"]["p50"], 100);
    EXPECT_GE(report["elapsed_ms"], 300);
  }
}

TEST_F(RollLoadTest, ComesFromManyAddressesSoThatPortsLast) {
  auto server = serve({});
  judge({"--connect", "4", "--requests", "40", "--source-addresses", "3"});
  std::string events = server.output();
  for (const char* source : {"127.0.0.1:", "127.0.0.2:", "127.0.0.3:"})
    EXPECT_THAT(events, HasSubstr(source));
  EXPECT_THAT(events, testing::Not(HasSubstr("127.0.0.4:")));
}

TEST_F(RollLoadTest, ExitsWithTwoOnWrongUsage) {
  for (std::vector<std::string> options : std::vector<std::vector<std::string>>{
           {},
           {"--connect", "1"},
           {"--connect", "x"},
           {"--connect", "1", "--duration", "1 year"},
           {"--connect", "1", "--requests", "1", "--say", "x"},
           {"--connect", "1", "--requests", "1", "--say", "\\xg0", "--expect", "x"},
           {"--nonsense"}}) {
    auto result = run_child(load_spec(options), kPatience);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->exit, ChildExit::with_code(2)) << result->errors;
    EXPECT_NE(result->errors, "");
  }
}

}  // namespace
}  // namespace rollctl::test
