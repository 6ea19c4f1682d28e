// SPDX-License-Identifier: MIT
// rollctl is killed at each of its fsyncs, and of some other calls, in turn, under load; `recover` puts
// everything right, and no client notices.
#include "faults/kill_fixture.h"

namespace rollctl::test {
namespace {

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
  ASSERT_EQ(calls, 3U) << "one for the shift, one for the stopping of all, one for the end";
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

// Its specification is written down while its servers start: what is undone before that needs none.
TEST_F(KillTest, AFirstDeployIsFinishedOrUndone) {
  const auto forget = [&] {
    must({"stop", "web"});
    must({"remove", "web"});
  };
  forget();
  const size_t calls = count_calls({"deploy", "web", "first"});
  ASSERT_GE(calls, 3U);
  size_t undone = 0;
  for (size_t nth = 1; nth <= calls && !HasFatalFailure(); ++nth) {
    SCOPED_TRACE(fmt::format("killed at {} {} of {}", call_, nth, calls));
    forget();
    EXPECT_EQ(kill_at(nth, {"deploy", "web", "first"}), ChildExit::by_signal(SIGKILL));
    const RunResult recovered = app_->run({"recover", "web"});
    EXPECT_EQ(recovered.exit, ChildExit::with_code(0)) << recovered.errors;
    const bool finished = app_->status()["wanted"] != 0;
    EXPECT_EQ(app_->complaints("first", finished ? 2 : 0), "");
    undone += finished ? 0 : 1;
  }
  EXPECT_GT(undone, 1U);
  EXPECT_LT(undone, calls);
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
}  // namespace rollctl::test
