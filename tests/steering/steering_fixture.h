// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <memory>
#include <string>

#include "loop/loop.h"
#include "net/process_sockets.h"
#include "steering/classic_steering.h"
#include "steering/ebpf_steering.h"
#include "steering/reuseport.h"
#include "support/net_namespace.h"

namespace rollctl::test {

inline const Endpoint kAny = v4("0.0.0.0");
inline const Endpoint kLocal = v4("127.0.0.1");

// Instances whose listeners all belong to this process.
class SteeringFixture : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped()) return;
    auto loop = Loop::create();
    ASSERT_TRUE(loop);
    loop_ = std::move(*loop);
    begin();
  }

  virtual Result<std::unique_ptr<Steering>> make() = 0;

  // Makes a new steering; the earlier one ends as if its process had died.
  void begin() {
    steering_.reset();
    auto made = make();
    ASSERT_TRUE(made) << made.error().message;
    steering_ = std::move(*made);
  }

  void add(InstanceId instance, std::initializer_list<const Fd*> listeners) {
    const auto added = steering_->add(instance, own_id(), duplicates(listeners));
    ASSERT_TRUE(added) << added.error().message;
  }

  void shift(const Rotation& rotation) {
    const auto shifted = steering_->shift(rotation);
    ASSERT_TRUE(shifted) << shifted.error().message;
  }

  // The server closes it, and the steering has closed its duplicate.
  void close_and_await(Fd& listener) {
    struct stat status{};
    ASSERT_EQ(::fstat(listener.get(), &status), 0);
    const auto inode = static_cast<uint32_t>(status.st_ino);
    close_listener(listener);
    loop_->run_until([&] { return *count_own_descriptors(inode) == 0; },
                     std::chrono::steady_clock::now() + std::chrono::seconds(10));
    ASSERT_EQ(*count_own_descriptors(inode), 0U);
  }

  static void connect_times(int count, const Endpoint& target) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(connect_to(target)) << std::strerror(errno);
  }

  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Steering> steering_;
};

// The implementations with the same contract.
enum class By { Ebpf, Classic };

inline std::string name_of(By by) {
  return by == By::Ebpf ? "Ebpf" : "Classic";
}

inline Result<std::unique_ptr<Steering>> make_steering(By by, Loop& loop) {
  if (by == By::Ebpf) {
    auto made = EbpfSteering::create();
    if (!made) return fail(made.error());
    return std::unique_ptr<Steering>(std::move(*made));
  }
  auto made = ClassicSteering::create(loop);
  if (!made) return fail(made.error());
  return std::unique_ptr<Steering>(std::move(*made));
}

class SteeringByTest : public SteeringFixture, public testing::WithParamInterface<By> {
 protected:
  Result<std::unique_ptr<Steering>> make() override { return make_steering(GetParam(), *loop_); }
};

class ClassicSteeringTest : public SteeringFixture {
 protected:
  Result<std::unique_ptr<Steering>> make() override { return make_steering(By::Classic, *loop_); }
};

class EbpfSteeringTest : public SteeringFixture {
 protected:
  Result<std::unique_ptr<Steering>> make() override { return make_steering(By::Ebpf, *loop_); }
};

}  // namespace rollctl::test
