// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "faults/client_load.h"
#include "faults/rolled_app.h"

namespace rollctl::test {

using nlohmann::json;

inline const std::vector<std::string> kFewClients = {"--connect", "2", "--keepalive", "2", "--think", "2ms"};

// An app of roll-httpd, and clients once they are wanted, in a network namespace of its own.
class FaultsTest : public NetNamespaceTest {
 protected:
  explicit FaultsTest(int instances) : instances_(instances) {}

  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto made = RolledApp::create(httpd_app_file(instances_));
    ASSERT_TRUE(made) << made.error().message;
    app_.emplace(std::move(*made));
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

  // Below a strace that looks at that system call in rollctl's first thread.
  static std::vector<std::string> strace(const std::string& call, const std::string& output,
                                         const std::string& injected = {}) {
    std::vector<std::string> command{"strace", "-qq", "-o", output, "-e", "trace=" + call};
    if (!injected.empty()) command.insert(command.end(), {"-e", fmt::format("inject={}:{}", call, injected)});
    return command;
  }

  // How often it is made there.
  size_t count_calls(const std::string& call, const std::vector<std::string>& arguments) {
    const std::string trace = app_->path("trace");
    const RunResult result = app_->run(arguments, strace(call, trace));
    EXPECT_EQ(result.exit, ChildExit::with_code(0)) << result.errors;
    size_t count = 0;
    std::ifstream lines(trace);
    for (std::string line; std::getline(lines, line);) count += line.starts_with(call + "(") ? 1 : 0;
    return count;
  }

  std::optional<RolledApp> app_;
  std::optional<ClientLoad> load_;

 private:
  int instances_;
};

}  // namespace rollctl::test
