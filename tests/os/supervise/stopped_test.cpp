// SPDX-License-Identifier: MIT
// The server's user stops the child after it has changed to that user, before the exec.
#include <sys/ptrace.h>

#include "shim_fixture.h"
#include "support/early_stopper.h"

namespace rollctl::test {
namespace {

constexpr uid_t kUser = 65534;

class StoppedTest : public ShimTest {
 protected:
  void SetUp() override {
    ShimTest::SetUp();
    if (!IsSkipped() && ::geteuid() != 0) GTEST_SKIP() << "only root changes to another user";
  }

  LaunchSpec slow_spec() {
    LaunchSpec spec = spec_for({"sleep", "1000"});
    spec.env = {"PATH=" + EarlyStopper::long_path()};
    spec.credentials = Credentials{kUser, kUser, {}};
    spec.backoff = Millis(300);
    return spec;
  }

  static char state_of(pid_t pid) {
    const std::string stat = text_of(fmt::format("/proc/{}/stat", pid));
    const size_t bracket = stat.rfind(") ");
    return bracket == std::string::npos ? '-' : stat.at(bracket + 2);
  }

  static std::string program_of(pid_t pid) { return text_of(fmt::format("/proc/{}/comm", pid)); }

  // A shim whose child is stopped.
  Watched& launch_stopped(const LaunchSpec& spec) {
    EarlyStopper stopper(kUser);
    Watched& shim = launch(spec);
    expect_stopped(stopper);
    return shim;
  }

  void expect_stopped(EarlyStopper& stopper) {
    const auto stopped = stopper.await(kSoon);
    ASSERT_TRUE(stopped);
    stopped_ = *stopped;
    EXPECT_TRUE(await([&] { return state_of(stopped_) == 'T'; }));
    ASSERT_EQ(program_of(stopped_), "roll-shim\n") << "it was stopped too late";
  }

  pid_t stopped_ = 0;
};

TEST_F(StoppedTest, ItsShimAnswersAndEndsItWhenItIsToldTo) {
  const LaunchSpec spec = slow_spec();
  launch_stopped(spec);
  const TimePoint before = std::chrono::steady_clock::now();
  Watched& shim = connect(spec);
  ASSERT_TRUE(shim.client);
  EXPECT_EQ(shim.client->record().server.pid, stopped_);
  EXPECT_TRUE(shim.client->look_at_steering());
  ASSERT_TRUE(shim.client->drain({SIGTERM, kSoon}).await());
  EXPECT_TRUE(await(shim, ShimEvent::Kind::Gone));
  EXPECT_FALSE(exists(spec.run_dir));
  EXPECT_TRUE(await([] { return processes() == 0; }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, kSoon) << "long before the launch is given up";
}

TEST_F(StoppedTest, ItsShimHeedsTheSignalThatTellsItToEnd) {
  const LaunchSpec spec = slow_spec();
  const Watched& shim = launch_stopped(spec);
  ASSERT_EQ(::kill(shim.client->record().shim.pid, SIGTERM), 0);
  EXPECT_TRUE(await(shim, ShimEvent::Kind::Gone));
  EXPECT_TRUE(await([] { return processes() == 0; }));
}

TEST_F(StoppedTest, ItRunsOnceItIsContinued) {
  const LaunchSpec spec = slow_spec();
  const Watched& shim = launch_stopped(spec);
  EXPECT_EQ(shim.count(ShimEvent::Kind::Launched), 0U);
  ASSERT_EQ(::kill(stopped_, SIGCONT), 0);
  EXPECT_TRUE(await(shim, ShimEvent::Kind::Launched));
  EXPECT_EQ(program_of(stopped_), "sleep\n");
}

TEST_F(StoppedTest, ItsShimAnswersWhileItRestartsTheServer) {
  const LaunchSpec spec = slow_spec();
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(shim.client->set_role({InstanceState::Serving, 100}).await());
  ASSERT_EQ(::kill(shim.client->record().server.pid, SIGKILL), 0);
  ASSERT_TRUE(await(shim, ShimEvent::Kind::Exited));
  EarlyStopper stopper(kUser);
  expect_stopped(stopper);
  EXPECT_TRUE(shim.client->set_role({InstanceState::Serving, 50}).await());
  EXPECT_EQ(shim.client->record().state, InstanceState::Restarting);
  ASSERT_EQ(::kill(stopped_, SIGCONT), 0);
  EXPECT_TRUE(await(shim, ShimEvent::Kind::Restarted));
}

// The stopped child must not keep the run directory locked.
TEST_F(StoppedTest, TheClaimOfItsShimEndsWithTheShim) {
  const LaunchSpec spec = slow_spec();
  const Watched& shim = launch_stopped(spec);
  ASSERT_TRUE(is_claimed(spec.run_dir));
  ASSERT_EQ(::kill(shim.client->record().shim.pid, SIGKILL), 0);
  EXPECT_TRUE(await([&] { return !is_claimed(spec.run_dir); }));
  EXPECT_EQ(state_of(stopped_), 'T');
}

// A traced process that has exited stays a zombie, and its parent is not told, until the tracer waits or
// ends.
TEST_F(StoppedTest, ATracerDoesNotHoldUpADrain) {
  LaunchSpec spec = spec_for({"sleep", "1000"});
  spec.credentials = Credentials{kUser, kUser, {}};
  Watched& shim = launch_and_await(spec);
  const pid_t server = shim.client->record().server.pid;
  const pid_t tracer = ::fork();
  if (tracer == 0) {
    if (::ptrace(PTRACE_SEIZE, server, nullptr, nullptr) == 0)
      for (;;) ::pause();
    ::_exit(1);
  }
  ASSERT_TRUE(await([&] {
    return text_of(fmt::format("/proc/{}/status", server)).find(fmt::format("TracerPid:\t{}\n", tracer)) !=
           std::string::npos;
  }));
  ASSERT_TRUE(shim.client->drain({SIGTERM, Millis(100)}).await());
  EXPECT_TRUE(await(shim, ShimEvent::Kind::Gone));
  EXPECT_FALSE(exists(spec.run_dir));
}

}  // namespace
}  // namespace rollctl::test
