// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rollctl::test {

// The reason why this process may not create network namespaces (they need CAP_SYS_ADMIN), or nothing if it
// may. For root a failure is never a reason to skip.
std::optional<std::string> net_namespace_unavailable();

// Moves the calling thread, and all threads and processes that it starts later, into a new network namespace
// with `lo` up, all ports free and default sysctls. The old namespace is freed once no socket or process uses
// it. Running threads stay in the old one, so call it before starting any.
Status enter_net_namespace();

// A setting of the calling thread's network namespace, named below /proc/sys/net: "ipv4/tcp_migrate_req".
Status write_net_setting(std::string_view name, std::string_view value);
Result<std::string> read_net_setting(std::string_view name);

// Runs each test in its own network namespace, or skips it with the reason.
class NetNamespaceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (auto reason = net_namespace_unavailable()) GTEST_SKIP() << *reason;
    auto entered = enter_net_namespace();
    ASSERT_TRUE(entered) << entered.error().message;
  }
};

}  // namespace rollctl::test
