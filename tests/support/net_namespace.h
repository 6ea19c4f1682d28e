// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rollctl::test {

// Why this process may not make network namespaces (it wants CAP_SYS_ADMIN), or nothing when it may. As root
// nothing is ever skipped: there a failure is a failure.
std::optional<std::string> net_namespace_unavailable();

// Puts the calling thread, and every thread and process that it starts from now on, into a fresh network
// namespace with `lo` up: all ports free, sysctls at their defaults. The namespace that it leaves is freed
// once no socket or process holds it. Threads that run already stay where they are, so call it before
// starting any.
Status enter_net_namespace();

// A setting of the calling thread's network namespace, named below /proc/sys/net: "ipv4/tcp_migrate_req".
Status write_net_setting(std::string_view name, std::string_view value);
Result<std::string> read_net_setting(std::string_view name);

// A fixture: each test in a namespace of its own, or skipped with the reason.
class NetNamespaceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (auto reason = net_namespace_unavailable()) GTEST_SKIP() << *reason;
    auto entered = enter_net_namespace();
    ASSERT_TRUE(entered) << entered.error().message;
  }
};

}  // namespace rollctl::test
