// SPDX-License-Identifier: MIT
#pragma once

#include "steering/steering.h"

namespace rollctl::test {

// Is told by the fakes what is about to be done to them, and what became of it.
class ActWatcher {
 public:
  virtual ~ActWatcher() = default;
  virtual void staged(InstanceId) {}
  virtual void will_launch(InstanceId) {}
  virtual void will_drain(InstanceId) {}
  virtual void will_shift(const Rotation&) {}
  virtual void settled(InstanceId) {}
  virtual void server_failed(InstanceId) {}  // it died unasked, or became unready
  // Who listens, who is ready or where connections go has changed.
  virtual void changed() {}
};

}  // namespace rollctl::test
