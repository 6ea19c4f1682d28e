// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "faults/faults_fixture.h"

namespace rollctl::test {

using testing::AnyOf;

// An app under load whose rollctl is killed at each of its fsyncs, or of other calls, in turn.
class KillTest : public FaultsTest {
 protected:
  KillTest() : FaultsTest(2) {}

  void SetUp() override {
    FaultsTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    for (const char* release : {"first", "second"}) must({"deploy", "web", release});
  }

  void expect_all_answered() {
    const json books = load_->end();
    load_.reset();
    EXPECT_EQ(books["sent"], books["answered"]) << summary_of(books);
    EXPECT_EQ(books["failed"], 0) << summary_of(books);
    EXPECT_GT(books["answered"], 0);
  }

  size_t count_calls(const std::vector<std::string>& arguments) {
    return FaultsTest::count_calls(call_, arguments);
  }

  ChildExit kill_at(size_t nth, const std::vector<std::string>& arguments) {
    return app_->run(arguments, strace(call_, "/dev/null", fmt::format("signal=KILL:when={}", nth))).exit;
  }

  // What stands afterwards: the release and the number of instances that status names, whole and alone.
  void expect_recovered(const std::string& before, const std::string& meant) {
    const RunResult recovered = app_->run({"recover", "web"});
    EXPECT_EQ(recovered.exit, ChildExit::with_code(0)) << recovered.errors;
    json now = app_->status();
    // One that was killed after it had ended has left what it was meant to leave.
    if (now["deploy"].is_object() && now["deploy"]["phase"] == "canary") {
      must({"abort", "web"});
      now = app_->status();
    }
    if (std::any_of(now["instances"].begin(), now["instances"].end(),
                    [](const json& instance) { return instance["state"] == "standby"; })) {
      must({"restart", "web"});
      now = app_->status();
    }
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
    ASSERT_GE(calls, 2U);
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
      expect_recovered(before, victim[0] == "deploy" ? victim[2] : meant_);
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

  std::string call_ = "fsync";
  std::string meant_ = "first";  // the release that a command which names none is about
};

}  // namespace rollctl::test
