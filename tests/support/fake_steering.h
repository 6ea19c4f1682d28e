// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/act_watcher.h"
#include "support/fake_instances.h"

namespace rollctl::test {

// Routes the connections of one address as the kernel would. As with the real steering, what is attached
// stays when rollctl dies.
class FakeSteering final : public Steering {
 public:
  FakeSteering(FakeScheduler& scheduler, FakeInstances& instances)
      : scheduler_(scheduler), instances_(instances) {
    instances_.refill = [this](InstanceId id) {
      if (table_.contains(id)) table_[id] = instances_.find(id)->inode;
    };
    instances_.look_whether_alone = [this] {
      const auto left_to = instances_.which([](const FakeServer& server) {
        return server.holds_steering && server.held_until == SteeringTerm::Until::Alone;
      });
      const auto outside = instances_.which(
          [&](const FakeServer& server) { return server.listening && !table_.contains(server.record.id); });
      if (left_to.empty() || !outside.empty()) return;
      TimePoint look_at = scheduler_.now();
      for (InstanceId id : left_to) look_at = std::max(look_at, instances_.find(id)->look_at);
      if (look_at > scheduler_.now())
        return scheduler_.in(std::chrono::duration_cast<Micros>(look_at - scheduler_.now()),
                             [this] { instances_.look_whether_alone(); });
      attached_ = false;
      table_.clear();
      instances_.let_go_of_steering();
    };
  }

  Handover handover = Handover::Steer;
  bool outlives = true;  // the steering outlives rollctl
  Micros settle_takes{1000};
  ActWatcher* watcher = nullptr;

  [[nodiscard]] bool attached() const { return attached_; }
  [[nodiscard]] bool routes_to(InstanceId id) const { return table_.contains(id); }

  // The instances that get new connections now.
  [[nodiscard]] std::vector<InstanceId> receivers() const {
    return falls_back() ? instances_.which([](const FakeServer& server) { return server.listening; })
                        : receivers_in_rotation();
  }
  // Whether the rotation has no listener, so that any gets them.
  [[nodiscard]] bool falls_back() const {
    return fallback_ == Fallback::AnyListener && receivers_in_rotation().empty();
  }

  // The next rollctl knows only what a shim has kept.
  void rollctl_died() {
    const auto holders = instances_.which([](const FakeServer& server) { return server.holds_steering; });
    if (holders.empty()) known_.clear();
    rotation_.clear();
  }

  [[nodiscard]] Handover way() const override { return handover; }
  [[nodiscard]] bool outlives_rollctl() const override { return outlives; }

  Status add(InstanceId instance, const ProcessId&, std::vector<Listener> listeners) override {
    if (listeners.empty()) return fail(ErrorKind::Invalid, "it has no listeners");
    known_[instance] = listeners.front().inode;
    if (table_.contains(instance)) table_[instance] = listeners.front().inode;
    return {};
  }

  Status shift(const Rotation& rotation) override {
    for (const auto& [id, weight] : rotation)
      if (!known_.contains(id))
        return fail(ErrorKind::Invalid, "instance " + std::to_string(id) + " was not added");
    if (watcher != nullptr) watcher->will_shift(rotation);
    rotation_ = rotation;
    fallback_ = Fallback::Nobody;
    if (handover != Handover::Steer || rotation.empty()) return {};
    table_.clear();
    guarded_ = false;
    for (const auto& [id, weight] : rotation) table_[id] = known_.at(id);
    attached_ = true;
    if (watcher != nullptr) watcher->changed();
    return {};
  }

  Status guard(Admitted admitted) override {
    if (handover != Handover::Steer || (attached_ && !guarded_)) return {};
    attached_ = guarded_ = true;
    if (admitted == Admitted::All) table_ = known_;
    if (watcher != nullptr) watcher->changed();
    return {};
  }

  Status fall_back_to(Fallback fallback) override {
    fallback_ = fallback;
    if (watcher != nullptr) watcher->changed();
    return {};
  }

  [[nodiscard]] Rotation rotation() const override { return rotation_; }

  std::unique_ptr<Settlement> settle(InstanceId instance, Millis bound) override {
    const Micros takes = handover == Handover::Steer ? settle_takes : Micros(0);
    return std::make_unique<Timed>(*this, instance, takes, bound);
  }

  Status remove(InstanceId instance) override {
    EXPECT_EQ(instances_.find(instance), nullptr) << instance << " is forgotten while it runs";
    known_.erase(instance);
    return {};
  }

  std::unique_ptr<AimedConnect> connect(Loop&, InstanceId, const Endpoint&, TimePoint, std::string_view,
                                        std::function<void(Result<Fd>)>) override {
    ADD_FAILURE() << "the acts connect to nobody";
    return nullptr;
  }

  Result<std::vector<SteeringHandle>> share(InstanceId) override {
    std::vector<SteeringHandle> handles;
    if (attached_ && outlives) handles.resize(1);
    return handles;
  }

  [[nodiscard]] std::optional<SteeringCounters> counters(InstanceId) const override { return std::nullopt; }

  Status detach() override {
    attached_ = guarded_ = false;
    table_.clear();
    known_.clear();
    rotation_.clear();
    if (watcher != nullptr) watcher->changed();
    return {};
  }

 private:
  [[nodiscard]] std::vector<InstanceId> receivers_in_rotation() const {
    std::vector<InstanceId> ids;
    for (const auto& [id, server] : instances_.servers()) {
      const auto slot = table_.find(id);
      if (server.listening && (!attached_ || (slot != table_.end() && slot->second == server.inode)))
        ids.push_back(id);
    }
    return ids;
  }

  class Timed final : public Settlement {
   public:
    Timed(FakeSteering& steering, InstanceId instance, Micros takes, Millis bound)
        : steering_(steering),
          instance_(instance),
          began_(steering.scheduler_.now()),
          takes_(std::min<Micros>(takes, bound)),
          left_(takes > bound ? 1 : 0) {}

    std::optional<SettleResult> poll() override {
      const auto after = std::chrono::duration_cast<Micros>(steering_.scheduler_.now() - began_);
      if (after < takes_) return std::nullopt;
      if (steering_.watcher != nullptr) steering_.watcher->settled(instance_);
      return SettleResult{std::chrono::duration_cast<Millis>(after), left_};
    }

   private:
    FakeSteering& steering_;
    InstanceId instance_;
    TimePoint began_;
    Micros takes_;
    size_t left_;
  };

  FakeScheduler& scheduler_;
  FakeInstances& instances_;
  std::map<InstanceId, uint32_t> known_;  // the listeners that this rollctl added
  std::map<InstanceId, uint32_t> table_;  // where the kernel routes to
  Rotation rotation_;
  Fallback fallback_ = Fallback::Nobody;
  bool attached_ = false;
  bool guarded_ = false;  // attached by guard(), and nothing was shifted in yet
};

}  // namespace rollctl::test
