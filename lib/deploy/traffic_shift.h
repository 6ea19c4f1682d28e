// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <vector>

#include "deploy/ending.h"
#include "deploy/membership.h"
#include "deploy/recorder.h"
#include "deploy/steering_leases.h"
#include "deploy/traffic.h"

namespace rollctl {

// Moves the new connections of the app from one set of instances to another.
class TrafficShift {
 public:
  TrafficShift(World& world, Recorder& recorder, Fleet& fleet, Membership& membership, SteeringLeases& leases)
      : world_(world), recorder_(recorder), fleet_(fleet), membership_(membership), leases_(leases) {}

  // Attaches the steering to what serves, before anything new listens: a new listener gets nothing until it
  // is shifted in. `traffic` serves from now on; those `outside` are known to the steering and get nothing
  // new. Does not wait until the shims hold the steering.
  Act gate(const Traffic& traffic, const std::vector<InstanceId>& outside = {});

  // Makes `traffic` the rotation: intent on the disk, steering, event, roles. Instances that leave the
  // rotation are Settling afterwards. Blocks until all shims have heard their roles. On an error the rotation
  // is current() all the same. Where one of `watched` is in trouble once the intent is on the disk, nothing
  // is shifted.
  Act shift(const Traffic& traffic, const std::vector<InstanceId>& watched = {});

  // Tells the instances of the rotation that they serve: an interrupted change may not have come to it.
  Act confirm();

  [[nodiscard]] const Traffic& current() const { return traffic_; }

 private:
  Result<std::set<InstanceId>> reachable_of(const std::set<InstanceId>& rotation);
  Act check_newcomers(const std::vector<InstanceId>& in);
  [[nodiscard]] bool have_all_been_ready() const;
  void allow_fallback();
  Act tell_roles(const Rotation& weights, const std::vector<InstanceId>& out = {});
  Acknowledgement tell_role(Member& member, InstanceState state, double weight = 0);

  World& world_;
  Recorder& recorder_;
  Fleet& fleet_;
  Membership& membership_;
  SteeringLeases& leases_;
  Traffic traffic_;
};

}  // namespace rollctl
