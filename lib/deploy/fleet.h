// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "deploy/member.h"
#include "deploy/recorder.h"
#include "deploy/world.h"

namespace rollctl {

// The instances of one app during one change: those that were found and those that were launched. Keeps each
// member's state up to date from the events of the instances, records those events, and shows the fleet to
// the observer. Subscribes to the instances while it lives.
class Fleet {
 public:
  Fleet(World& world, Recorder& recorder);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Makes members of the instances that the host has now, and clears remains away. Fails, having touched
  // nothing, where a shim is silent. Call it once, first.
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

  // Ids of the members in that state, in order.
  [[nodiscard]] std::vector<InstanceId> in_state(InstanceState state) const {
    return which([state](const Member& member) { return member.state == state; });
  }

  void enter(Member& member, InstanceState state);
  // Only the first trouble of a member counts, except that a death explains why it became unready.
  void note_http(Member& member, const std::optional<HttpReport>& http);
  void note_trouble(Member& member, Trouble trouble, std::string text, std::string hint = {});

  // Shows all members to the observer.
  void show();

  // Called when a server was launched or restarted, and on READY=1: it may listen now.
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
