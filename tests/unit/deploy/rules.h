// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/fake_instances.h"
#include "support/fake_journal.h"
#include "support/fake_steering.h"

namespace roll::test {

// What holds in every test at every moment, whatever goes wrong: what the acts may do in which order, and
// that clients are served by somebody who can serve them.
class Rules final : public ActWatcher {
 public:
  Rules(const Clock& clock, FakeInstances& instances, FakeSteering& steering, const FakeJournal& journal)
      : clock_(clock), instances_(instances), steering_(steering), journal_(journal) {
    instances_.watcher = this;
    steering_.watcher = this;
  }

  int at_least = 0;          // good ones in the rotation after each shift, as long as none dies unasked
  bool may_go_dark = false;  // clients may find nobody
  bool shifts_need_intents = true;

  [[nodiscard]] int deaths() const { return deaths_; }
  // One that nobody can have heard of yet.
  [[nodiscard]] bool death_just_now() const { return last_death_ == clock_.now(); }

  void will_launch(InstanceId id) override {
    EXPECT_TRUE(journal_.intends("instance.starting", id)) << id << " is started without an intent";
    const bool gated = steering_.handover != Handover::Steer || !served_ || steering_.attached();
    EXPECT_TRUE(gated) << id << " is started while nothing keeps clients away from it";
  }

  void will_drain(InstanceId id) override {
    EXPECT_TRUE(journal_.intends("instance.stopping", id)) << id << " is stopped without an intent";
    if (!instances_.good(id)) return;
    if (may_go_dark) {
      EXPECT_TRUE(steering_.handover != Handover::Steer || settled_.contains(id)) << id << " has not settled";
      return;
    }
    EXPECT_FALSE(steering_.routes_to(id) && another_good(id))
        << id << " is told to drain while in the rotation";
    EXPECT_FALSE(steering_.handover == Handover::Steer && unsettled_.contains(id))
        << id << " is told to drain before it has settled";
  }

  void will_shift(const Rotation& rotation) override {
    int good = 0;
    for (const auto& [id, weight] : rotation) {
      const FakeServer* server = instances_.find(id);
      good += instances_.good(id) ? 1 : 0;
      EXPECT_TRUE(server == nullptr || server->was_ready)
          << id << " comes into the rotation before it was ready";
    }
    EXPECT_TRUE(good >= at_least || deaths_ > 0) << "only " << good << " in the rotation can serve";
    if (shifts_need_intents) expect_intent(rotation);
  }

  void settled(InstanceId id) override {
    unsettled_.erase(id);
    settled_.insert(id);
  }

  void server_died(InstanceId) override {
    ++deaths_;
    last_death_ = clock_.now();
  }

  void changed() override {
    const std::vector<InstanceId> receivers = steering_.receivers();
    bool served = false;
    for (InstanceId id : receivers) {
      const FakeServer& server = *instances_.find(id);
      served = served || server.good();
      unsettled_.insert(id);
      if (steering_.handover != Handover::Steer || may_go_dark || !another_good(id)) continue;
      EXPECT_TRUE(server.was_ready) << "clients reach " << id << " before it is ready";
      EXPECT_FALSE(server.draining) << "clients reach " << id << ", which drains";
    }
    // Once nobody is left by the servers' own doing there is nothing to promise.
    if (served_ && !served && !may_go_dark && deaths_ == 0) ADD_FAILURE() << "clients are served by nobody";
    served_ = served;
  }

 private:
  void expect_intent(const Rotation& rotation) {
    const Rotation before = steering_.rotation();
    if (before.empty() && !journal_.last_intent("traffic.shifting")) {
      // Gating changes nothing for clients: everybody who listens is in the rotation.
      for (InstanceId id : steering_.receivers())
        EXPECT_TRUE(rotation.contains(id)) << "gating takes " << id << " out of the rotation";
      return;
    }
    std::vector<InstanceId> in, out;
    for (const auto& [id, weight] : rotation)
      if (!before.contains(id)) in.push_back(id);
    for (const auto& [id, weight] : before)
      if (!rotation.contains(id)) out.push_back(id);
    const Event* intent = journal_.last_intent("traffic.shifting");
    ASSERT_NE(intent, nullptr) << "traffic is shifted without an intent";
    for (InstanceId id : in) EXPECT_THAT(intent->fields["in"], testing::Contains(id));
    for (InstanceId id : out) EXPECT_THAT(intent->fields["out"], testing::Contains(id));
  }

  [[nodiscard]] bool another_good(InstanceId id) const {
    return std::any_of(instances_.servers().begin(), instances_.servers().end(),
                       [&](const auto& entry) { return entry.first != id && entry.second.good(); });
  }

  const Clock& clock_;
  FakeInstances& instances_;
  FakeSteering& steering_;
  const FakeJournal& journal_;
  std::set<InstanceId> unsettled_;  // got connections since they settled last
  std::set<InstanceId> settled_;
  int deaths_ = 0;
  std::optional<TimePoint> last_death_;
  bool served_ = false;
};

}  // namespace roll::test
