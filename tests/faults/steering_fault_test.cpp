// SPDX-License-Identifier: MIT
// Each system call that steers fails once, under load: the deploy says so or does without, and tells the
// truth.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/faults_fixture.h"

namespace rollctl::test {
namespace {

struct Fault {
  const char* call;
  const char* error;
};

void PrintTo(const Fault& fault, std::ostream* out) {  // NOLINT(readability-identifier-naming): gtest's name
  *out << fault.call << " " << fault.error;
}

class SteeringFaultTest : public FaultsTest, public testing::WithParamInterface<Fault> {
 protected:
  SteeringFaultTest() : FaultsTest(1) {}

  void SetUp() override {
    FaultsTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    must({"deploy", "web", "v0"});
  }

  static std::vector<std::string> deploy(const std::string& release) {
    return {"deploy", "web", release, "--handover", "steer"};
  }
};

INSTANTIATE_TEST_SUITE_P(When, SteeringFaultTest,
                         testing::Values(Fault{"bpf", "EPERM"}, Fault{"setsockopt", "EINVAL"}),
                         [](const auto& fault) { return std::string(fault.param.call) + "Fails"; });

TEST_P(SteeringFaultTest, TheDeployEndsHonestlyAndRecoverHeals) {
  const size_t calls = count_calls(GetParam().call, deploy("counted"));
  ASSERT_GT(calls, 1U);
  begin_load();
  if (HasFatalFailure()) return;
  std::map<int, int> exits;
  for (size_t nth = 1; nth <= calls && !HasFatalFailure(); ++nth) {
    SCOPED_TRACE(fmt::format("call {} of {}", nth, calls));
    const std::string before = app_->status()["release"];
    const std::string meant = fmt::format("v{}", nth);
    const RunResult result = app_->run(
        deploy(meant),
        strace(GetParam().call, "/dev/null", fmt::format("error={}:when={}", GetParam().error, nth)));
    ++exits[result.exit.code];
    EXPECT_THAT(result.exit.code, testing::AnyOf(0, 1, 3, 7)) << result.exit.text() << result.errors;
    if (result.exit.code != 0) {
      EXPECT_NE(result.errors, "");
    }
    const json ended = app_->status();
    if (result.exit.code == 0) {
      EXPECT_EQ(ended["release"], meant) << result.errors;
    }
    if (result.exit.code == 1 || result.exit.code == 7) {
      EXPECT_EQ(ended["release"], before) << result.errors;
    }

    const RunResult recovered = app_->run({"recover", "web"});
    EXPECT_EQ(recovered.exit, ChildExit::with_code(0)) << recovered.errors;
    EXPECT_EQ(app_->complaints(app_->status()["release"], 1), "") << result.exit.text() << result.errors;
    const json books = load_->snapshot();
    EXPECT_EQ(books["failed"], 0) << summary_of(books) << result.errors;
  }
  const json books = load_->end();
  EXPECT_EQ(books["sent"], books["answered"]) << summary_of(books);
  EXPECT_GE(exits.size(), 2U) << "a fault that changes nothing was none";
  fmt::print("{} calls; exit statuses:", calls);
  for (const auto& [code, count] : exits) fmt::print(" {} x{}", code, count);
  fmt::print("\n");
}

}  // namespace
}  // namespace rollctl::test
