// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <set>

#include "support/fake_instances.h"
#include "support/fake_journal.h"
#include "support/fake_steering.h"

namespace rollctl::test {

// The rules of every test at every moment, also when calls fail: the order of the acts, and that clients
// reach an instance that can serve them.
class Rules final : public ActWatcher {
 public:
  Rules(const Clock& clock, FakeInstances& instances, FakeSteering& steering, const FakeJournal& journal)
      : clock_(clock), instances_(instances), steering_(steering), journal_(journal) {
    instances_.watcher = this;
    steering_.watcher = this;
  }

  int at_least = 0;          // good instances in the rotation after each shift, while none dies unasked
  bool may_go_dark = false;  // clients may reach no instance
  bool shifts_need_intents = true;

  [[nodiscard]] int failures() const { return failures_; }
  // A failure that the acts cannot have heard of yet.
  [[nodiscard]] bool failure_just_now() const { return last_failure_ == clock_.now(); }

  void will_launch(InstanceId id) override;
  void will_drain(InstanceId id) override;
  void will_shift(const Rotation& rotation) override;
  void settled(InstanceId id) override;
  void server_failed(InstanceId id) override;
  void changed() override;

 private:
  void expect_intent(const Rotation& rotation);
  [[nodiscard]] bool another_good(InstanceId id) const;

  const Clock& clock_;
  FakeInstances& instances_;
  FakeSteering& steering_;
  const FakeJournal& journal_;
  std::set<InstanceId> unsettled_;  // got connections since they settled last
  std::set<InstanceId> settled_;
  int failures_ = 0;
  std::optional<TimePoint> last_failure_;
  bool served_ = false;
};

}  // namespace rollctl::test
