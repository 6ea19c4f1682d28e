// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "loop/loop.h"
#include "steering/ebpf_steering.h"
#include "steering/reuseport.h"
#include "support/net_namespace.h"

namespace roll::test {

inline const Endpoint kAny = v4("0.0.0.0");
inline const Endpoint kLocal = v4("127.0.0.1");

// Instances whose listeners are all this process's own.
class EbpfSteeringTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped()) return;
    auto made = EbpfSteering::create();
    ASSERT_TRUE(made) << made.error().message;
    steering_ = std::move(*made);
    auto loop = Loop::create();
    ASSERT_TRUE(loop);
    loop_ = std::move(*loop);
  }

  void add(InstanceId instance, std::initializer_list<const Fd*> listeners) {
    const auto added = steering_->add(instance, own_id(), duplicates(listeners));
    ASSERT_TRUE(added) << added.error().message;
  }

  void shift(const Rotation& rotation) {
    const auto shifted = steering_->shift(rotation);
    ASSERT_TRUE(shifted) << shifted.error().message;
  }

  static void connect_times(int count, const Endpoint& target) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(connect_to(target)) << std::strerror(errno);
  }

  std::unique_ptr<EbpfSteering> steering_;
  std::unique_ptr<Loop> loop_;
};

}  // namespace roll::test
