// SPDX-License-Identifier: MIT
#include "rules.h"

#include <algorithm>
#include <string>

namespace rollctl::test {

void Rules::will_launch(InstanceId id) {
  EXPECT_TRUE(journal_.intends("instance.starting", id)) << id << " is started without an intent";
  const bool gated = steering_.handover != Handover::Steer || !served_ || steering_.attached();
  EXPECT_TRUE(gated) << id << " is started while nothing keeps clients away from it";
}

void Rules::will_drain(InstanceId id) {
  EXPECT_TRUE(journal_.intends("instance.stopping", id)) << id << " is stopped without an intent";
  if (!instances_.good(id)) return;
  if (may_go_dark) {
    EXPECT_TRUE(!steering_.routes_to(id) || settled_.contains(id)) << id << " has not settled";
    return;
  }
  EXPECT_FALSE(steering_.routes_to(id) && another_good(id))
      << id << " is told to drain while in the rotation";
  EXPECT_FALSE(steering_.handover == Handover::Steer && unsettled_.contains(id))
      << id << " is told to drain before it has settled";
}

void Rules::will_shift(const Rotation& rotation) {
  int good = 0;
  for (const auto& [id, weight] : rotation) {
    const FakeServer* server = instances_.find(id);
    good += instances_.good(id) ? 1 : 0;
    EXPECT_TRUE(server == nullptr || server->was_ready)
        << id << " comes into the rotation before it was ready";
  }
  EXPECT_TRUE(good >= at_least || failures_ > 0) << "only " << good << " in the rotation can serve";
  if (shifts_need_intents) expect_intent(rotation);
}

void Rules::settled(InstanceId id) {
  unsettled_.erase(id);
  settled_.insert(id);
}

void Rules::server_failed(InstanceId) {
  ++failures_;
  last_failure_ = clock_.now();
}

void Rules::changed() {
  const std::vector<InstanceId> receivers = steering_.receivers();
  bool served = false;
  for (InstanceId id : receivers) {
    const FakeServer& server = *instances_.find(id);
    served = served || server.good();
    // One that leaves is better than none.
    const bool is_last_resort = steering_.falls_back();
    if (!is_last_resort) unsettled_.insert(id);
    if (steering_.handover != Handover::Steer || may_go_dark || !another_good(id)) continue;
    EXPECT_TRUE(server.was_ready) << "clients reach " << id << " before it is ready";
    if (is_last_resort) continue;
    EXPECT_FALSE(server.draining) << "clients reach " << id << ", which drains";
  }
  // Where the servers failed by themselves, nothing is promised.
  if (served_ && !served && !may_go_dark && failures_ == 0) ADD_FAILURE() << "clients are served by nobody";
  served_ = served;
}

void Rules::expect_intent(const Rotation& rotation) {
  const Rotation before = steering_.rotation();
  if (before.empty()) {
    // Gating changes nothing for clients: every instance that listens is in the rotation.
    for (InstanceId id : steering_.receivers())
      EXPECT_TRUE(rotation.contains(id)) << "gating takes " << id << " out of the rotation";
    return;
  }
  const Event* intent = journal_.last_intent("traffic.shifting");
  ASSERT_NE(intent, nullptr) << "traffic is shifted without an intent";
  const auto& shifting = std::get<TrafficShifting>(intent->body);
  for (const auto& [id, weight] : rotation)
    EXPECT_TRUE(shifting.weights.contains(id)) << id << " comes without an intent";
  for (const auto& [id, weight] : before) {
    const bool leaves = !rotation.contains(id) && instances_.good(id);
    EXPECT_TRUE(!leaves || std::find(shifting.out.begin(), shifting.out.end(), id) != shifting.out.end())
        << id << " leaves without an intent";
  }
}

bool Rules::another_good(InstanceId id) const {
  return std::any_of(instances_.servers().begin(), instances_.servers().end(),
                     [&](const auto& entry) { return entry.first != id && entry.second.good(); });
}

}  // namespace rollctl::test
