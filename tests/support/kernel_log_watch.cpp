// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>

#include "support/kernel_log.h"

namespace rollctl::test {
namespace {

// Makes the test program fail if the kernel logged a warning while it ran. Tests that run at the same time
// see the same warning and fail as well.
class KernelLogWatch final : public testing::Environment {
 public:
  void SetUp() override {
    auto log = KernelLog::open_at_end();
    if (log)
      log_ = std::move(*log);
    else
      std::printf("The kernel's log is not looked at: %s\n", log.error().message.c_str());
  }

  void TearDown() override {
    if (!log_) return;
    for (const std::string& complaint : log_->new_complaints())
      ADD_FAILURE() << "the kernel's log says: " << complaint;
  }

 private:
  std::optional<KernelLog> log_;
};

[[maybe_unused]] const auto* const kWatch = testing::AddGlobalTestEnvironment(new KernelLogWatch);

}  // namespace
}  // namespace rollctl::test
