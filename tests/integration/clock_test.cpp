// SPDX-License-Identifier: MIT
// Setting the wall clock must not change durations.
#include "support/app_fixture.h"

namespace rollctl::test {

constexpr const char* kDay = "86400";
constexpr const char* kDayBack = "-86400";

using testing::AllOf;

class ClockTest : public AppTest {
 protected:
  // Also affects running rollctls.
  void set_clock(const std::string& seconds) { write(path("clock"), seconds); }
  [[nodiscard]] ChildProcess start_on_clock(std::vector<std::string> arguments) const {
    ChildSpec spec = rollctl_spec(std::move(arguments));
    spec.env.push_back("ROLL_TEST_CLOCK=" + path("clock"));
    spec.env.emplace_back(std::string("LD_PRELOAD=") + ROLL_SET_CLOCK);
    auto child = ChildProcess::spawn(spec);
    EXPECT_TRUE(child) << child.error().message;
    return std::move(*child);
  }
  [[nodiscard]] Said rollctl_on_clock(std::vector<std::string> arguments) const {
    ChildProcess child = start_on_clock(std::move(arguments));
    return finish(child);
  }
  // v1 drains, until its client leaves or a minute has passed.
  void let_v1_drain() {
    deploy("v1", {.tables = "[drain]\ndeadline = \"60s\"\n"});
    auto client = connect_client();
    ASSERT_TRUE(client);
    client_ = std::move(*client);
    await("the client is accepted", [&] { return status()["instances"][0]["connections"] == 1; });
    ASSERT_THAT(try_deploy("v2", {.tables = "[drain]\ndeadline = \"60s\"\n"}, {"--detach"}), ExitsWith(0));
  }

  Fd client_;
};

TEST_F(ClockTest, StatusTellsForHowLongADrainMayGoOn) {
  let_v1_drain();
  for (const char* seconds : {"0", kDay, kDayBack}) {
    set_clock(seconds);
    const Said said = rollctl_on_clock({"status", "web"});
    EXPECT_THAT(said, Says("cut in ")) << seconds;
    EXPECT_TRUE(said.out.find("cut in 5") != std::string::npos ||
                said.out.find("cut in 1 min") != std::string::npos)
        << said.out;
  }
  client_.reset();
}

TEST_F(ClockTest, ADrainOfBeforeIsWaitedFor) {
  for (const char* seconds : {kDay, kDayBack}) {
    let_v1_drain();
    set_clock(seconds);
    ChildProcess recover = start_on_clock({"recover", "web"});
    await("it looks after v1", [&] { return !read(path("run/web/lock")).empty() && !recover.has_exited(); });
    client_.reset();
    EXPECT_THAT(finish(recover), AllOf(ExitsWith(0), Says("0 connections cut"))) << seconds;
    expect_only("v2");
    EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
  }
}

TEST_F(ClockTest, AHoldLastsAsLongAsItShall) {
  deploy("v1");
  ASSERT_THAT(try_deploy("v2", {}, {"--hold", "60s"}), ExitsWith(0));
  for (const char* seconds : {kDay, kDayBack}) {
    set_clock(seconds);
    EXPECT_THAT(rollctl_on_clock({"status", "web"}), Says("drains in ")) << seconds;
  }
  set_clock(kDay);
  EXPECT_THAT(rollctl_on_clock({"rollback", "web"}), ExitsWith(0));
  expect_only("v1");
}

TEST_F(ClockTest, ItMayBeSetInTheMiddleOfAChange) {
  deploy("v1");
  for (const char* seconds : {kDay, kDayBack}) {
    set_clock("0");
    write_app(StubApp{.behaviours = {"ready-after=700ms"},
                      .tables = "[ready]\nkind = \"notify\"\ndeadline = \"20s\"\n"});
    ChildProcess deploy =
        start_on_clock({"deploy", "web", std::string("v2") + seconds, "--bake", "300ms", "--json"});
    await_event(deploy, "instance.started");
    set_clock(seconds);
    EXPECT_THAT(finish(deploy), ExitsWith(0)) << seconds;
    expect_only(std::string("v2") + seconds);
  }
}

}  // namespace rollctl::test
