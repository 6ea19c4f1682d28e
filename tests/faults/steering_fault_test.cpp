// SPDX-License-Identifier: MIT
// Each system call that steers fails once, under load: the deploy says so or does without, and tells the
// truth.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "faults/client_load.h"
#include "faults/rolled_app.h"

namespace roll::test {
namespace {

using nlohmann::json;

struct Fault {
  const char* call;
  const char* error;
};

void PrintTo(const Fault& fault, std::ostream* out) {  // NOLINT(readability-identifier-naming): gtest's name
  *out << fault.call << " " << fault.error;
}

class SteeringFaultTest : public NetNamespaceTest, public testing::WithParamInterface<Fault> {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto made = RolledApp::create(httpd_app_file(1));
    ASSERT_TRUE(made) << made.error().message;
    app_.emplace(std::move(*made));
    ASSERT_EQ(app_->run({"deploy", "web", "v0"}).exit, ChildExit::with_code(0));
  }

  static std::vector<std::string> deploy(const std::string& release) {
    return {"deploy", "web", release, "--handover", "steer"};
  }

  size_t count_calls() {
    const std::string trace = app_->path("trace");
    const std::string call = GetParam().call;
    const RunResult result =
        app_->run(deploy("counted"), {"strace", "-qq", "-o", trace, "-e", "trace=" + call});
    EXPECT_EQ(result.exit, ChildExit::with_code(0)) << result.errors;
    size_t count = 0;
    std::ifstream lines(trace);
    for (std::string line; std::getline(lines, line);) count += line.starts_with(call + "(") ? 1 : 0;
    return count;
  }

  std::optional<RolledApp> app_;
};

INSTANTIATE_TEST_SUITE_P(When, SteeringFaultTest,
                         testing::Values(Fault{"bpf", "EPERM"}, Fault{"setsockopt", "EINVAL"}),
                         [](const auto& fault) { return std::string(fault.param.call) + "Fails"; });

TEST_P(SteeringFaultTest, TheDeployEndsHonestlyAndRecoverHeals) {
  const size_t calls = count_calls();
  ASSERT_GT(calls, 1U);
  auto load = ClientLoad::begin({"--connect", "2", "--keepalive", "2", "--think", "2ms"});
  ASSERT_TRUE(load) << load.error().message;
  std::map<int, int> exits;
  for (size_t nth = 1; nth <= calls && !HasFatalFailure(); ++nth) {
    SCOPED_TRACE(fmt::format("call {} of {}", nth, calls));
    const std::string before = app_->status()["release"];
    const std::string meant = fmt::format("v{}", nth);
    const RunResult result =
        app_->run(deploy(meant),
                  {"strace", "-qq", "-o", "/dev/null", "-e", fmt::format("trace={}", GetParam().call), "-e",
                   fmt::format("inject={}:error={}:when={}", GetParam().call, GetParam().error, nth)});
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
    const json books = load->snapshot();
    EXPECT_EQ(books["failed"], 0) << summary_of(books) << result.errors;
  }
  const json books = load->end();
  EXPECT_EQ(books["sent"], books["answered"]) << summary_of(books);
  EXPECT_GE(exits.size(), 2U) << "a fault that changes nothing was none";
  fmt::print("{} calls; exit statuses:", calls);
  for (const auto& [code, count] : exits) fmt::print(" {} x{}", code, count);
  fmt::print("\n");
}

}  // namespace
}  // namespace roll::test
