// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "deploy/world.h"
#include "support/fake_scheduler.h"

namespace rollctl::test {

// Hooks without programs: each takes the time and has the result that the test sets, else succeeds.
class FakeHooks final : public Hooks {
 public:
  explicit FakeHooks(FakeScheduler& scheduler) : scheduler_(scheduler) {}

  Micros takes{1000};
  std::map<std::string, Result<ExitStatus>> ends;  // by argv[0]
  std::vector<std::string> ran;

  void run(const std::vector<std::string>& argv, const std::vector<std::string>&,
           std::function<void(Result<ExitStatus>)> done) override {
    Result<ExitStatus> end = ExitStatus{0, {}};
    if (!argv.empty()) {
      ran.push_back(argv.front());
      if (const auto scripted = ends.find(argv.front()); scripted != ends.end()) end = scripted->second;
    }
    running_.push_back(scheduler_.after(takes, [end, done = std::move(done)] { done(end); }));
  }

  void rollctl_died() { running_.clear(); }

 private:
  FakeScheduler& scheduler_;
  std::vector<Watch> running_;
};

class FakeInterrupts final : public Interrupts {
 public:
  void raise(int signal) {
    if (count_++ == 0) first_ = signal;
  }
  void promote() { promoted_ = true; }
  void abort() {
    aborted_ = count_ == 0;
    raise(SIGINT);
  }
  void forget() { count_ = first_ = 0; }

  [[nodiscard]] int count() const override { return count_; }
  [[nodiscard]] int first_signal() const override { return first_; }
  [[nodiscard]] bool told_to_promote() const override { return promoted_; }
  [[nodiscard]] bool told_to_abort() const override { return aborted_; }

 private:
  bool promoted_ = false;
  bool aborted_ = false;
  int count_ = 0;
  int first_ = 0;
};

}  // namespace rollctl::test
