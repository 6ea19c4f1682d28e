// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/address.h"
#include "bpf/listener.h"
#include "config/app_config.h"
#include "deploy/fleet.h"
#include "deploy/world.h"

namespace rollctl {

// Which instances the steering knows, and in which SO_REUSEPORT groups they listen. No call blocks.
class Membership {
 public:
  Membership(World& world, Fleet& fleet, std::vector<ListenAddress> listen)
      : world_(world), fleet_(fleet), listen_(std::move(listen)) {}

  // Takes the listeners of a member and adds it to the steering, outside the rotation. False: it does not
  // listen any more.
  Result<bool> add(Member& member);

  // The same with listeners that were taken. Unsupported where they are in another group than the instances
  // that serve: then it is not added.
  Result<bool> add_checked(Member& member, std::vector<Listener> listeners);

  // From now on new instances must be in the groups of this member.
  void expect_groups_of(const Member& member);

  // Finds out anew on which sockets these listen, if something listens that no member is known to have.
  void look_at_inodes(const std::vector<InstanceId>& ids);

  // Removes members that have ended from the steering, so that their slots can be used again.
  void forget_gone();

  // Inodes of all sockets on which members listen.
  [[nodiscard]] Result<std::set<uint32_t>> sockets() const;

  // Whether there is a listener for each address of the app.
  [[nodiscard]] bool cover_all(const std::vector<Listener>& listeners) const;

  // Where clients and probes connect to a member; nothing before it listens there.
  [[nodiscard]] std::optional<Endpoint> shared_port(const Member& member) const;

  // "0.0.0.0:80, [::]:80"
  [[nodiscard]] std::string addresses_text() const;

 private:
  Status note_groups(Member& member, const std::vector<Listener>& listeners);
  [[nodiscard]] std::optional<std::string> explain_other_group(const Member& member) const;

  World& world_;
  Fleet& fleet_;
  std::vector<ListenAddress> listen_;
  std::vector<GroupIdentity> expected_;  // the groups of those that serve
};

}  // namespace rollctl
