// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "deploy/member.h"
#include "deploy/recorder.h"
#include "deploy/world.h"

namespace rollctl {

// The instances of one app during one change: what was found and what was launched. Keeps each member's state
// up to date from the events of the instances, writes those events down, and shows the fleet to the observer.
class Fleet {
 public:
  Fleet(World& world, Recorder& recorder);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // What the host has now. Remains are cleared away. Fails, having touched nothing, where a shim is silent.
  // Call it once, first.
  Status discover();

  Member& add_launched(InstanceId id, const std::string& release, int64_t generation, InstanceLog log);

  [[nodiscard]] Member& at(InstanceId id) { return members_.at(id); }
  [[nodiscard]] const Member& at(InstanceId id) const { return members_.at(id); }
  [[nodiscard]] std::map<InstanceId, Member>& members() { return members_; }
  [[nodiscard]] const std::map<InstanceId, Member>& members() const { return members_; }

  // Ids of the members for which `holds`, in order.
  template <typename Predicate>
  [[nodiscard]] std::vector<InstanceId> which(Predicate holds) const {
    std::vector<InstanceId> ids;
    for (const auto& [id, member] : members_)
      if (holds(member)) ids.push_back(id);
    return ids;
  }

  void enter(Member& member, InstanceState state);
  // Only its first trouble counts, except that a death explains why it became unready.
  void fail(Member& member, Trouble trouble, std::string text);

  // Shows the observer how things stand.
  void show();

  // Called on READY=1, after a launch and after a restart: somebody should look whether it listens.
  void on_news(std::function<void(Member&)> listener) { on_news_ = std::move(listener); }

 private:
  void on_event(const InstanceEvent& event);
  void on_exited(Member& member, const InstanceEvent& event);
  void on_ended(Member& member, const InstanceEvent& event);

  World& world_;
  Recorder& recorder_;
  std::map<InstanceId, Member> members_;
  std::function<void(Member&)> on_news_;
};

}  // namespace rollctl
