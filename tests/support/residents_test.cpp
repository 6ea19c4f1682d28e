// SPDX-License-Identifier: MIT
#include "support/residents.h"

#include <gmock/gmock.h>

#include "support/child_process.h"
#include "support/net_namespace.h"

namespace rollctl::test {
namespace {

using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ResidentsTest : public NetNamespaceTest {};

TEST_F(ResidentsTest, AreTheOthersInThisNetworkAlone) {
  EXPECT_THAT(residents(), IsEmpty());
  auto child = ChildProcess::spawn({.argv = {"sleep", "600"}});
  ASSERT_TRUE(child) << child.error().message;
  const auto found = residents_called("sleep 600");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().id, child->process().id());
  EXPECT_EQ(found.front().program, "sleep");
  EXPECT_THAT(residents_called("wake"), IsEmpty());
  ASSERT_TRUE(child->stop(SIGKILL, Millis(10'000)));
  EXPECT_THAT(residents(), IsEmpty());
}

TEST_F(ResidentsTest, MayEndWhileTheyAreRead) {
  auto child = ChildProcess::spawn({.argv = {"sh", "-c", "while :; do /bin/true & /bin/true; done"}});
  ASSERT_TRUE(child) << child.error().message;
  for (int i = 0; i < 500; ++i) EXPECT_THAT(residents_called("while :"), Not(IsEmpty()));
  ASSERT_TRUE(child->stop(SIGKILL, Millis(10'000)));
}

TEST_F(ResidentsTest, HaveACommandWhileTheyExecute) {
  auto child =
      ChildProcess::spawn({.argv = {"sh", "-c", R"(exec sh -c "$0" "$0")", R"(exec sh -c "$0" "$0")"}});
  ASSERT_TRUE(child) << child.error().message;
  for (int i = 0; i < 500; ++i) ASSERT_THAT(residents_called("exec sh"), SizeIs(1)) << "at look " << i;
  ASSERT_TRUE(child->stop(SIGKILL, Millis(10'000)));
}

}  // namespace
}  // namespace rollctl::test
