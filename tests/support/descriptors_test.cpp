// SPDX-License-Identifier: MIT
#include "support/descriptors.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/bpf.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/child_process.h"
#include "support/temp_dir.h"

namespace rollctl::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

using DescriptorsTest = TempDirTest;

TEST_F(DescriptorsTest, AreKnownByNumberAndName) {
  const Fd file(open(path("file").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto found = descriptors_of(getpid());
  EXPECT_THAT(found, Contains(Pair(file.get(), path("file"))));
  EXPECT_THAT(found, Contains(Pair(socket.get(), StartsWith("socket:["))));
}

TEST_F(DescriptorsTest, OfAProcessThatHasEndedAreNone) {
  auto child = ChildProcess::spawn({.argv = {"true"}});
  ASSERT_TRUE(child) << child.error().message;
  ASSERT_TRUE(child->wait(Millis(10'000)));
  EXPECT_THAT(descriptors_of(child->pid()), IsEmpty());
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
}  // namespace rollctl::test
