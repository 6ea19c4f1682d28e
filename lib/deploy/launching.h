// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "config/generation_spec.h"
#include "deploy/ending.h"
#include "deploy/joining.h"
#include "deploy/wait.h"

namespace rollctl {

// How a new instance of a generation is launched and probed.
struct LaunchPlace {
  LaunchSpec launch;
  ProbeSpec probe;
};

// Makes up a new instance: an id that was never used, its folders, its log. Starts nothing.
using PlaceInstance = std::function<Result<LaunchPlace>(const GenerationSpec& spec)>;

// Starts new instances.
class Launching {
 public:
  Launching(World& world, Recorder& recorder, Fleet& fleet, Membership& membership, SteeringLeases& leases,
            const TrafficShift& traffic, Joining& joining, PlaceInstance place);

  // Starts `count` instances and blocks until all are Ready, until one of `launched` is in trouble, or until
  // `deadline`. `meanwhile` is called while the servers start, also where none does; its ending ends this
  // act, too. Those that were started are appended to `launched`, and stay members, however it ends: so the
  // instances of earlier calls are watched as well.
  Act launch(const GenerationSpec& spec, int count, Millis deadline, std::vector<InstanceId>& launched,
             OnInterrupt on_interrupt, const std::function<Act()>& meanwhile = {});

 private:
  Act start_one(const GenerationSpec& spec, int count, std::vector<InstanceId>& launched);
  void warn_of_open_sockets(const LaunchSpec& launch);
  void note_late(std::span<const InstanceId> launched, Millis deadline);

  World& world_;
  Recorder& recorder_;
  Fleet& fleet_;
  Membership& membership_;
  SteeringLeases& leases_;
  const TrafficShift& traffic_;
  Joining& joining_;
  PlaceInstance place_;
};

}  // namespace rollctl
