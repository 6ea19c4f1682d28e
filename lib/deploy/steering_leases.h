// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <set>
#include <vector>

#include "deploy/fleet.h"
#include "deploy/world.h"

namespace rollctl {

// The descriptors of the steering that shims hold. With them a shim puts the listener of a restarted server
// back into its slot, and the steering outlives rollctl. grant() and revoke() send and do not wait, so that
// all shims work at the same time.
class SteeringLeases {
 public:
  SteeringLeases(World& world, Fleet& fleet) : world_(world), fleet_(fleet) {}

  // Sends the steering to the shim of an instance. Sends nothing where nothing is attached. The error: the
  // descriptors could not be duplicated.
  Status grant(InstanceId id, SteeringTerm term = {});
  // The same; where it fails, warns that the instance is steered but its shim cannot keep that up.
  void try_grant(InstanceId id, SteeringTerm term = {});

  // Blocks until the shim has answered what was granted to it last, if anything was.
  Status await(InstanceId id);
  // Blocks until all shims have answered; warns of those that refused.
  void await_all();

  [[nodiscard]] bool holds(InstanceId id) const { return holders_.contains(id); }

  // Tells the shim to let go of the steering, if it has any.
  void revoke(InstanceId id);
  // Tells the shims of all instances, also of those that another rollctl granted it to.
  std::vector<Acknowledgement> revoke_all();

 private:
  void warn(InstanceId id, const Error& error);

  World& world_;
  Fleet& fleet_;
  std::set<InstanceId> holders_;
  std::map<InstanceId, Acknowledgement> unanswered_;
};

}  // namespace rollctl
