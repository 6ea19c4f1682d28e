// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "loop/scheduler.h"

namespace rollctl::test {

// Simulated time: run_until() jumps from one due callback to the next and never waits. Callbacks due at the
// same time run in the order of their registration.
class FakeScheduler final : public Scheduler {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override {
    return WallTime(std::chrono::seconds(1'700'000'000)) +
           std::chrono::duration_cast<WallTime::duration>(now_.time_since_epoch());
  }

  [[nodiscard]] Watch after(Micros delay, Watch::Callback callback) override {
    auto timer = std::make_unique<Timer>();
    timer->queue = queue_;
    timer->key = add(now_ + std::max(delay, Micros(0)), std::move(callback));
    return Watch(std::move(timer));
  }

  // A scripted event of the outside world; one in the past runs as soon as time runs.
  void at(TimePoint when, std::function<void()> event) { add(std::max(when, now_), std::move(event)); }
  void in(Micros delay, std::function<void()> event) { at(now_ + delay, std::move(event)); }

  // Like Loop, but without waiting. The test fails on a wait that cannot end (no deadline, nothing due), on
  // one that repeats without time passing, and on a nested one.
  WaitEnd run_until(const std::function<bool()>& satisfied, TimePoint deadline) override {
    if (running_) {
      ADD_FAILURE() << "run_until() was called from a callback";
      return WaitEnd::DeadlinePassed;
    }
    // A test double may throw from a callback to simulate a kill.
    struct Running {
      bool& flag;
      ~Running() { flag = false; }
    } running{running_};
    running_ = true;
    return run(satisfied, deadline);
  }

  // Advances the time.
  void advance(Micros duration) {
    run_until([] { return false; }, now_ + duration);
  }

  // Pending timers and scripted events.
  [[nodiscard]] size_t pending() const { return queue_->size(); }

 private:
  using Key = std::pair<TimePoint, uint64_t>;
  using Queue = std::map<Key, std::function<void()>>;

  struct Timer final : Watch::State {
    std::shared_ptr<Queue> queue;
    Key key;
    ~Timer() override { queue->erase(key); }
  };

  Key add(TimePoint when, std::function<void()> callback) {
    const Key key{when, ++last_};
    queue_->emplace(key, std::move(callback));
    return key;
  }

  WaitEnd run(const std::function<bool()>& satisfied, TimePoint deadline) {
    int rounds_at_once = 0;
    if (satisfied()) return WaitEnd::Satisfied;
    for (;;) {
      const auto next = queue_->begin();
      if (next == queue_->end() || next->first.first > deadline) {
        if (deadline == TimePoint::max())
          ADD_FAILURE() << "waits for ever: nothing is due";
        else
          now_ = std::max(now_, deadline);
        return WaitEnd::DeadlinePassed;
      }
      rounds_at_once = next->first.first > now_ ? 0 : rounds_at_once + 1;
      if (rounds_at_once > kTooManyRounds) {
        ADD_FAILURE() << "goes round and round while no time passes";
        return WaitEnd::DeadlinePassed;
      }
      now_ = std::max(now_, next->first.first);
      const auto callback = std::move(next->second);
      queue_->erase(next);
      callback();
      if (satisfied()) return WaitEnd::Satisfied;
    }
  }

  static constexpr int kTooManyRounds = 100'000;

  // Shared with the timers, so that a watch may outlive the scheduler.
  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  TimePoint now_{std::chrono::hours(1)};
  uint64_t last_ = 0;
  bool running_ = false;
};

}  // namespace rollctl::test
