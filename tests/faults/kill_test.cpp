// SPDX-License-Identifier: MIT
// rollctl is killed at each of its fsyncs, and of some other calls, in turn, under load; `recover` puts
// everything right, and no client notices.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "faults/client_load.h"
#include "faults/rolled_app.h"

namespace roll::test {
namespace {

using nlohmann::json;
using testing::AnyOf;

constexpr int kInstances = 2;
const std::vector<std::string> kFewClients = {"--connect", "2", "--keepalive", "2", "--think", "2ms"};

class KillTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto made = RolledApp::create(httpd_app_file(kInstances));
    ASSERT_TRUE(made) << made.error().message;
    app_.emplace(std::move(*made));
    for (const char* release : {"first", "second"}) must({"deploy", "web", release});
  }

  void must(const std::vector<std::string>& arguments) {
    const RunResult result = app_->run(arguments);
    ASSERT_EQ(result.exit, ChildExit::with_code(0)) << testing::PrintToString(arguments) << result.errors;
  }

  void begin_load() {
    auto load = ClientLoad::begin(kFewClients);
    ASSERT_TRUE(load) << load.error().message;
    load_.emplace(std::move(*load));
  }

  void expect_all_answered() {
    const json books = load_->end();
    load_.reset();
    EXPECT_EQ(books["sent"], books["answered"]) << summary_of(books);
    EXPECT_EQ(books["failed"], 0) << summary_of(books);
    EXPECT_GT(books["answered"], 0);
  }

  size_t count_calls(const std::vector<std::string>& arguments) {
    const std::string trace = app_->path("trace");
    const RunResult result = app_->run(arguments, {"strace", "-qq", "-o", trace, "-e", "trace=" + call_});
    EXPECT_EQ(result.exit, ChildExit::with_code(0)) << result.errors;
    size_t count = 0;
    std::ifstream lines(trace);
    for (std::string line; std::getline(lines, line);) count += line.starts_with(call_ + "(") ? 1 : 0;
    return count;
  }

  ChildExit kill_at(size_t nth, const std::vector<std::string>& arguments) {
    return app_
        ->run(arguments, {"strace", "-qq", "-o", "/dev/null", "-e", "trace=" + call_, "-e",
                          fmt::format("inject={}:signal=KILL:when={}", call_, nth)})
        .exit;
  }

  // What stands afterwards: the release and the number of instances that status names, whole and alone.
  void expect_recovered(const std::string& before, const std::string& meant) {
    const RunResult recovered = app_->run({"recover", "web"});
    EXPECT_EQ(recovered.exit, ChildExit::with_code(0)) << recovered.errors;
    const json now = app_->status();
    EXPECT_THAT(now["release"].get<std::string>(), AnyOf(before, meant));
    EXPECT_EQ(app_->complaints(now["release"], now["wanted"].get<size_t>()), "");
  }

  // Kills `arguments()` at its first such call, its second, and so on until it lives to the end; `prepare`
  // brings the app back to where it starts.
  template <typename Arguments, typename Prepare>
  void kill_everywhere(Arguments arguments, Prepare prepare) {
    begin_load();
    prepare();
    const size_t calls = count_calls(arguments(0));
    ASSERT_GE(calls, 3U);
    size_t killed = 0;
    for (bool survived = false; !survived && !HasFatalFailure();) {
      SCOPED_TRACE(fmt::format("killed at {} {} of {}", call_, killed + 1, calls));
      prepare();
      const std::string before = app_->status()["release"];
      const auto victim = arguments(killed + 1);
      const ChildExit exit = kill_at(killed + 1, victim);
      EXPECT_THAT(exit, AnyOf(ChildExit::by_signal(SIGKILL), ChildExit::with_code(0)));
      survived = exit != ChildExit::by_signal(SIGKILL);
      killed += survived ? 0 : 1;
      expect_recovered(before, victim[0] == "deploy" ? victim[2] : "first");
      const json books = load_->snapshot();
      EXPECT_EQ(books["failed"], 0) << summary_of(books);
    }
    // How often shims are asked depends on when they answer; what is synced does not.
    if (call_ == "fsync") {
      EXPECT_EQ(killed, calls);
    }
    EXPECT_GE(killed, calls * 3 / 4);
    RecordProperty(call_, static_cast<int>(calls));
    expect_all_answered();
  }

  std::optional<RolledApp> app_;
  std::optional<ClientLoad> load_;
  std::string call_ = "fsync";
};

TEST_F(KillTest, ADeployIsFinishedOrUndone) {
  kill_everywhere(
      [](size_t nth) { return std::vector<std::string>{"deploy", "web", fmt::format("v{}", nth)}; }, [] {});
}

// Between two fsyncs: when shims are told something, and when a program is attached or detached.
class KillAtCallTest : public KillTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Of, KillAtCallTest, testing::Values("sendmsg", "setsockopt"),
                         [](const auto& of) { return std::string(of.param); });

TEST_P(KillAtCallTest, ADeployIsFinishedOrUndone) {
  call_ = GetParam();
  kill_everywhere(
      [](size_t nth) { return std::vector<std::string>{"deploy", "web", fmt::format("v{}", nth)}; }, [] {});
}

TEST_F(KillTest, ARollbackIsFinishedOrUndone) {
  kill_everywhere([](size_t) { return std::vector<std::string>{"rollback", "web"}; },
                  [&] {
                    if (app_->status()["release"] != "second") must({"deploy", "web", "second"});
                  });
}

TEST_F(KillTest, GrowingIsFinishedOrUndone) {
  kill_everywhere([](size_t) { return std::vector<std::string>{"scale", "web", "4"}; },
                  [&] { must({"scale", "web", "2"}); });
}

TEST_F(KillTest, ShrinkingIsFinishedOrUndone) {
  kill_everywhere([](size_t) { return std::vector<std::string>{"scale", "web", "2"}; },
                  [&] { must({"scale", "web", "4"}); });
}

// Once nothing serves, clients are refused: while any instance is in the rotation, none may be.
TEST_F(KillTest, AStopIsFinishedOrUndone) {
  const size_t calls = count_calls({"stop", "web"});
  ASSERT_GE(calls, 3U);
  size_t finished = 0;
  for (size_t nth = 1; nth <= calls && !HasFatalFailure(); ++nth) {
    SCOPED_TRACE(fmt::format("killed at {} {} of {}", call_, nth, calls));
    must({"start", "web"});
    begin_load();
    EXPECT_EQ(kill_at(nth, {"stop", "web"}), ChildExit::by_signal(SIGKILL));
    expect_recovered("second", "second");
    if (app_->status()["wanted"] != 0) {
      expect_all_answered();
      continue;
    }
    ++finished;
    const json books = load_->end();
    load_.reset();
    EXPECT_EQ(books["sent"], books["answered"].get<size_t>() + books["failed"].get<size_t>());
    std::string out_of_rotation;
    for (const json& event : app_->journal())
      if (event["event"] == "traffic.shifting") out_of_rotation = event["time"];
    for (const json& failure : books["first_failures"]) {
      if (failure["time"].get<std::string>() >= out_of_rotation) continue;
      ADD_FAILURE() << "lost before " << out_of_rotation << ": " << summary_of(books);
      break;
    }
  }
  EXPECT_GT(finished, 0U);
  EXPECT_LT(finished, calls);
}

TEST_F(KillTest, ARecoveryThatIsKilledIsRunAgain) {
  begin_load();
  const size_t calls = count_calls({"deploy", "web", "third"});
  size_t killed = 0;
  for (size_t nth = 1; nth <= calls && !HasFatalFailure(); ++nth) {
    SCOPED_TRACE(fmt::format("the deploy killed at fsync {} of {}", nth, calls));
    const std::string before = app_->status()["release"];
    const std::string meant = fmt::format("v{}", nth);
    EXPECT_EQ(kill_at(nth, {"deploy", "web", meant}), ChildExit::by_signal(SIGKILL));
    // The n-th one dies at its n-th fsync: each gets further, until one has none left to die at.
    for (size_t again = 1; kill_at(again, {"recover", "web"}) == ChildExit::by_signal(SIGKILL); ++again)
      ++killed;
    expect_recovered(before, meant);
  }
  EXPECT_GT(killed, calls);
  expect_all_answered();
}

}  // namespace
}  // namespace roll::test
