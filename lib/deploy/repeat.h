// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <functional>

#include "loop/scheduler.h"
#include "loop/watch.h"

namespace rollctl {

// Calls a function again and again while this object lives, at intervals that double from `first` to
// `slowest`.
class Repeat {
 public:
  Repeat(Scheduler& scheduler, Micros first, Micros slowest, std::function<void()> look)
      : scheduler_(scheduler), delay_(first), slowest_(slowest), look_(std::move(look)) {
    again();
  }
  Repeat(const Repeat&) = delete;
  Repeat& operator=(const Repeat&) = delete;

 private:
  void again() {
    timer_ = scheduler_.after(delay_, [this] {
      delay_ = std::min(delay_ * 2, slowest_);
      look_();
      again();
    });
  }

  Scheduler& scheduler_;
  Micros delay_;
  Micros slowest_;
  std::function<void()> look_;
  Watch timer_;
};

}  // namespace rollctl
