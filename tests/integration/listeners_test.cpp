// SPDX-License-Identifier: MIT
// Servers whose listeners come and go while they serve: recycled workers, SIGHUP, processes that were forked
// twice. Clients notice nothing.
#include <csignal>
#include <list>

#include "support/app_fixture.h"

namespace rollctl::test {
namespace {

using testing::AllOf;
using testing::IsEmpty;

constexpr int kClients = 16;

class ListenersTest : public AppTest {
 protected:
  void SetUp() override {
    AppTest::SetUp();
    if (IsSkipped()) return;
    // A worker that ends closes its listener, and the kernel resets what waits there, with or without
    // rollctl.
    write("/proc/sys/net/ipv4/tcp_migrate_req", "1");
  }
  void TearDown() override {
    clients_.clear();
    AppTest::TearDown();
  }

  void begin_load() {
    for (int i = 0; i < kClients; ++i) clients_.emplace_back();
  }
  void await_answers(int count) { clients_.front().await_answers(count / kClients + 1); }
  std::vector<std::string> end_load() {
    std::vector<std::string> failures;
    for (Clients& client : clients_)
      for (std::string& failure : client.stop()) failures.push_back(std::move(failure));
    clients_.clear();
    return failures;
  }

  void hang_up(const std::string& release) const { kill_process(instance_of(release)["pid"], SIGHUP); }
  static bool answers_only(const std::string& release) {
    for (int i = 0; i < 50; ++i)
      if (const auto answer = get(); !answer || answer->release != release) return false;
    return true;
  }

  std::list<Clients> clients_;
};

StubApp recycling(int workers, const std::string& life) {
  return {.behaviours = {"workers=" + std::to_string(workers), "recycle=" + life}};
}

TEST_F(ListenersTest, RecycledWorkersLoseNoClientWhileTheNewReleaseIsWatched) {
  deploy("v1", recycling(2, "300ms"));
  begin_load();
  await_answers(500);
  const Said said = try_deploy("v2", recycling(2, "300ms"), {"--bake", "2s"});
  await_answers(500);
  EXPECT_THAT(end_load(), IsEmpty());
  EXPECT_THAT(said, ExitsWith(0));
}

TEST_F(ListenersTest, ACanaryKeepsItsShareWhileTheOthersListenersAreOpenedAnew) {
  deploy("v1", {.behaviours = {"reopen=0ms"}});
  begin_load();
  ASSERT_THAT(try_deploy("v2", {}, {"--canary", "10%"}), ExitsWith(0));
  for (int i = 0; i < 5; ++i) {
    hang_up("v1");
    await_answers(1000);
  }
  const auto got = [this](const std::string& release) {
    return instance_of(release)["steered"]["connections"].get<double>();
  };
  const double share = got("v2") / (got("v1") + got("v2"));
  EXPECT_GT(share, 0.05);
  EXPECT_LT(share, 0.2);
  EXPECT_THAT(end_load(), IsEmpty());
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"abort", "web"}), ExitsWith(0));
}

TEST_F(ListenersTest, TheStandbyServesUntilTheListenerIsOpenedAnew) {
  deploy("v1");
  ASSERT_THAT(try_deploy("v2", {.behaviours = {"reopen=300ms"}}, {"--hold", "1h"}), ExitsWith(0));
  begin_load();
  await_answers(200);
  hang_up("v2");
  await("the standby answers", [] {
    const auto answer = get();
    return answer && answer->release == "v1";
  });
  await("v2 answers again", [] { return answers_only("v2"); });
  EXPECT_THAT(end_load(), IsEmpty());
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(0)) << "ends the standby";
}

TEST_F(ListenersTest, StatusNamesAnInstanceWithoutAListener) {
  deploy("v1");
  ASSERT_THAT(try_deploy("v2", {.behaviours = {"reopen=1h"}}, {"--hold", "1h"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(0));
  hang_up("v2");
  await("v2 has closed its listener", [] {
    const auto answer = get();
    return answer && answer->release == "v1";
  });
  const Said said = rollctl({"status", "web"});
  EXPECT_THAT(said, ExitsWith(3));
  EXPECT_THAT(said,
              AllOf(Says("unreachable: instance 2"), Says("no listener"), Says("v2 serves with 0 of 1")));
  EXPECT_EQ(instance_of("v2")["reachable"], false);
  EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(0)) << "as the hint says";
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(0));
}

TEST_F(ListenersTest, StatusNamesAnInstanceWithoutAListenerWhereNothingIsSteered) {
  deploy("v1", {.behaviours = {"reopen=1h"}});
  hang_up("v1");
  await("v1 has closed its listener", [] { return !get(); });
  EXPECT_THAT(rollctl({"status", "web"}), AllOf(ExitsWith(3), Says("unreachable: instance 1")));
}

TEST_F(ListenersTest, RecycledWorkersAreNoStrangers) {
  const StubApp app = recycling(16, "100ms");
  deploy("v1", app);
  for (int i = 0; i < 8; ++i) EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(0)) << i;
  EXPECT_THAT(rollctl({"check", "web"}), ExitsWith(0));
}

TEST_F(ListenersTest, AServerThatWasForkedTwiceIsServedAndDrained) {
  const StubApp app{.behaviours = {"double-fork"}};
  deploy("v1", app);
  begin_load();
  await_answers(200);
  EXPECT_THAT(try_deploy("v2", app), ExitsWith(0));
  await_answers(200);
  EXPECT_THAT(end_load(), IsEmpty());
  EXPECT_TRUE(answers_only("v2"));
  const Said said = rollctl({"stop", "web", "--drain-deadline", "20s"});
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(count_server_events([](const json& event) { return event["event"] == "exit"; }), 2)
      << "those that serve were told to end";
}

TEST_F(ListenersTest, AServerThatListensBeforeItReadsABadConfigurationGetsNoClient) {
  deploy("v1");
  begin_load();
  await_answers(200);
  const Said said = try_deploy("v2", {.behaviours = {"fail-late=25ms"}});
  await_answers(200);
  EXPECT_THAT(end_load(), IsEmpty());
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_EQ(count_server_events(
                [](const json& event) { return event["release"] == "v2" && event["event"] == "accept"; }),
            0);
  expect_only("v1");
}

}  // namespace
}  // namespace rollctl::test
