// SPDX-License-Identifier: MIT
#include "support/residents.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "support/child_process.h"
#include "support/net_namespace.h"
#include "support/temp_dir.h"

namespace roll::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

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

class SteeringHeldTest : public TempDirTest {};

TEST_F(SteeringHeldTest, AMapCounts) {
  bpf_attr shape{};
  shape.map_type = BPF_MAP_TYPE_ARRAY;
  shape.key_size = 4;
  shape.value_size = 4;
  shape.max_entries = 1;
  const Fd map(static_cast<int>(syscall(SYS_bpf, BPF_MAP_CREATE, &shape, sizeof shape)));
  if (!map && errno == EPERM) GTEST_SKIP() << "bpf(2) wants CAP_BPF";
  ASSERT_TRUE(map) << strerror(errno);
  EXPECT_THAT(steering_held_by(getpid()), ElementsAre(StartsWith("anon_inode:bpf")));
}

TEST_F(SteeringHeldTest, AFileThatHappensToBeCalledSoDoesNot) {
  const Fd file(open(path("roll-app-dbpfsO").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ASSERT_TRUE(file);
  EXPECT_THAT(steering_held_by(getpid()), IsEmpty());
}

}  // namespace
}  // namespace roll::test
