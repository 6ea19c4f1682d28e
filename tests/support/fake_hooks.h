// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "deploy/world.h"
#include "support/fake_scheduler.h"

namespace rollctl::test {

// Hooks without programs: each takes the time and has the result that the test sets, else succeeds.
class FakeHooks final : public Hooks {
 public:
  explicit FakeHooks(FakeScheduler& scheduler) : scheduler_(scheduler) {}

  Micros takes{1000};
  bool ignores_sigterm = false;
  std::map<std::string, Result<ExitStatus>> ends;  // by argv[0]
  std::vector<std::string> ran;
  std::vector<OnceLaunch> launches;
  std::vector<End> told_to_end;

  void run(const OnceLaunch& hook, std::function<void(Result<ExitStatus>)> done) override {
    Result<ExitStatus> end = ExitStatus{0, {}};
    ran.push_back(hook.argv.front());
    launches.push_back(hook);
    if (const auto scripted = ends.find(hook.argv.front()); scripted != ends.end()) end = scripted->second;
    done_ = std::move(done);
    running_ = scheduler_.after(takes, [this, end] { finish(end); });
  }

  void end(End how) override {
    if (!is_running()) return;
    told_to_end.push_back(how);
    if (how == End::Asked && ignores_sigterm) return;
    running_ = scheduler_.after(
        Micros(100), [this, how] { finish(ExitStatus{{}, how == End::Asked ? SIGTERM : SIGKILL}); });
  }

  [[nodiscard]] bool is_running() const { return done_ != nullptr; }
  // The environment that the first hook of that name had.
  [[nodiscard]] std::string told(const std::string& hook, const std::string& variable) const {
    for (const OnceLaunch& launch : launches) {
      if (launch.argv.front() != hook) continue;
      for (const std::string& entry : launch.env)
        if (entry.starts_with(variable + "=")) return entry.substr(variable.size() + 1);
    }
    return "(unset)";
  }

  void rollctl_died() {
    running_.reset();
    done_ = nullptr;
  }

 private:
  void finish(const Result<ExitStatus>& end) {
    // `done` may run the next one.
    const auto done = std::exchange(done_, nullptr);
    done(end);
  }

  FakeScheduler& scheduler_;
  Watch running_;
  std::function<void(Result<ExitStatus>)> done_;
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
