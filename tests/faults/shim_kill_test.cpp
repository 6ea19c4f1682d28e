// SPDX-License-Identifier: MIT
// A shim is killed in each phase of a deploy, under load: its server lives on, and what follows works.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/process_ref.h"
#include "faults/faults_fixture.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;
constexpr int kInstances = 2;

enum class Victim { Oldest, Newest };

class ShimKillTest : public FaultsTest, public testing::WithParamInterface<Victim> {
 protected:
  ShimKillTest() : FaultsTest(kInstances) {}

  void SetUp() override {
    FaultsTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    must({"deploy", "web", "v0"});
    begin_load();
  }

  static void kill_a_shim(Victim victim) {
    auto all = residents();
    std::erase_if(all, [](const Resident& one) { return one.program != "roll-shim"; });
    if (all.empty()) return;  // the one that is left lost its shim before
    const auto age = [](const Resident& one) { return std::pair(one.id.start_ticks, one.id.pid); };
    const auto [oldest, newest] = std::minmax_element(
        all.begin(), all.end(), [&](const Resident& a, const Resident& b) { return age(a) < age(b); });
    if (const auto shim = ProcessRef::open((victim == Victim::Oldest ? oldest : newest)->id))
      (void)shim->send_signal(SIGKILL);
  }

  // A deploy whose shim dies after that many events; false when it had fewer of them.
  bool deploy_and_kill(const std::string& release, size_t events, Victim victim) {
    auto deploy = ChildProcess::spawn(app_->command({"deploy", "web", release, "--json"}));
    EXPECT_TRUE(deploy) << deploy.error().message;
    bool reached = true;
    for (size_t i = 0; i < events && reached; ++i) {
      const auto line = deploy->read_line(kPatience);
      reached = line && line->find("deploy.finished") == std::string::npos;
    }
    if (reached) kill_a_shim(victim);
    const auto exit = deploy->wait(kPatience);
    EXPECT_TRUE(exit) << exit.error().message;
    if (exit) {
      EXPECT_THAT(exit->code, testing::AnyOf(0, 1, 3))
          << exit->text() << deploy->output() << deploy->errors();
    }
    said_ = deploy->output() + deploy->errors();
    return reached;
  }
  std::string said_;  // by the deploy whose shim died
};

INSTANTIATE_TEST_SUITE_P(Of, ShimKillTest, testing::Values(Victim::Oldest, Victim::Newest),
                         [](const auto& of) {
                           return of.param == Victim::Oldest ? "TheOldest" : "TheNewest";
                         });

TEST_P(ShimKillTest, WhateverShimDiesWhenInADeployTheNextOneWorks) {
  size_t events = 0;
  for (bool reached = true; reached && !HasFatalFailure(); ++events) {
    SCOPED_TRACE(fmt::format("killed after {} events", events));
    reached = deploy_and_kill(fmt::format("v{}.killed", events), events, GetParam());
    const RunResult recovered = app_->run({"recover", "web"});
    EXPECT_EQ(recovered.exit, ChildExit::with_code(0)) << recovered.errors;
    const std::string next = fmt::format("v{}.next", events);
    const RunResult deployed = app_->run({"deploy", "web", next});
    EXPECT_EQ(deployed.exit, ChildExit::with_code(0)) << deployed.errors << said_ << recovered.errors;
    EXPECT_EQ(app_->complaints(next, kInstances), "");
    const json books = load_->snapshot();
    EXPECT_EQ(books["failed"], 0) << summary_of(books);
  }
  EXPECT_GT(events, 10U);
  const json books = load_->end();
  EXPECT_EQ(books["sent"], books["answered"]) << summary_of(books);
}

TEST_P(ShimKillTest, AnUnsupervisedServerIsScaledAwayAndStopped) {
  const std::vector<std::vector<std::string>> changes = {
      {"restart", "web"}, {"scale", "web", "1"}, {"scale", "web", "3"}, {"rollback", "web", "--to", "v0"}};
  ASSERT_EQ(app_->run({"deploy", "web", "v1"}).exit, ChildExit::with_code(0));
  for (const auto& change : changes) {
    SCOPED_TRACE(testing::PrintToString(change));
    kill_a_shim(GetParam());
    const RunResult changed = app_->run(change);
    EXPECT_EQ(changed.exit, ChildExit::with_code(0)) << changed.errors;
  }
  const json books = load_->end();
  EXPECT_EQ(books["sent"], books["answered"]) << summary_of(books);
  kill_a_shim(GetParam());
  const RunResult stopped = app_->run({"stop", "web"});
  EXPECT_EQ(stopped.exit, ChildExit::with_code(0)) << stopped.errors;
  EXPECT_EQ(app_->complaints("", 0), "");
}

}  // namespace
}  // namespace rollctl::test
