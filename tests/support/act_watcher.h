// SPDX-License-Identifier: MIT
#pragma once

#include "steering/steering.h"

namespace rollctl::test {

// The fakes call it before and after each act on them.
class ActWatcher {
 public:
  virtual ~ActWatcher() = default;
  virtual void will_launch(InstanceId) {}
  virtual void will_drain(InstanceId) {}
  virtual void will_shift(const Rotation&) {}
  virtual void settled(InstanceId) {}
  virtual void server_failed(InstanceId) {}  // it exited unexpectedly, or became unready
  // Listeners, readiness or the rotation have changed.
  virtual void changed() {}
};

}  // namespace rollctl::test
