// SPDX-License-Identifier: MIT
#include "support/kernel_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

namespace rollctl::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(KernelLogTest, TellsComplaintsAboutBpfFromOthers) {
  EXPECT_TRUE(
      complains_about_bpf("verifier bug: REG INVARIANTS VIOLATION (alu): const subreg tnum out of sync"));
  EXPECT_TRUE(complains_about_bpf("REG INVARIANTS VIOLATION (true_reg1): range bounds violation"));
  EXPECT_TRUE(complains_about_bpf(
      "WARNING: CPU: 1 PID: 7 at kernel/bpf/verifier.c:2786 reg_bounds_sanity_check+0x1"));
  EXPECT_TRUE(
      complains_about_bpf("WARNING: CPU: 1 PID: 7 at net/core/sock_reuseport.c:66 reuseport_grow+0x1"));
  EXPECT_TRUE(complains_about_bpf("RIP: 0010:bpf_sk_select_reuseport+0x1b/0x230"));
  EXPECT_TRUE(complains_about_bpf("BUG: KASAN: slab-use-after-free in reuseport_select_sock+0x1/0x2"));
  EXPECT_FALSE(complains_about_bpf("WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:4 __alloc_pages+0x1"));
  EXPECT_FALSE(complains_about_bpf("RIP: 0010:ext4_read+0x1/0x2"));
  EXPECT_FALSE(complains_about_bpf("bpf: loaded something"));
  EXPECT_FALSE(complains_about_bpf("TCP: request_sock_TCP: Possible SYN flooding on port 8080"));
}

TEST(KernelLogTest, TellsOnlyOfTheFuture) {
  auto log = KernelLog::open_at_end();
  if (!log) GTEST_SKIP() << log.error().message;
  EXPECT_THAT(log->new_complaints(), IsEmpty());
}

}  // namespace
}  // namespace rollctl::test
