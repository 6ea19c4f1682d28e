// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deploy/membership.h"
#include "deploy/recorder.h"
#include "deploy/steering_leases.h"
#include "deploy/traffic_shift.h"
#include "loop/watch.h"
#include "probe/readiness.h"

namespace rollctl {

// Brings new instances from "its server runs" to "it listens in the group of those that serve, and is ready":
// then their state is Ready. A failure on the way becomes the member's trouble. Works from the events of the
// instances and from timers; no call blocks.
class Joining {
 public:
  Joining(World& world, Recorder& recorder, Fleet& fleet, Membership& membership, SteeringLeases& leases,
          const TrafficShift& traffic);

  // Call it before the instance is launched.
  void expect(const LaunchSpec& launch, ProbeSpec probe);

  // Lets clients reach new instances that are not ready, where nothing serves.
  void admit_all();
  // Those of `ids` that clients may have reached although no rotation leads there.
  [[nodiscard]] std::vector<InstanceId> admitted(const std::vector<InstanceId>& ids) const;

  // For people: "GET / answered 503", or where it does not listen yet.
  [[nodiscard]] std::string why_not_ready(InstanceId id) const;

  // From now on readiness does not matter.
  void stop_probing();
  void stop_probing(InstanceId id);

 private:
  struct Newcomer {
    ProbeSpec probe;
    bool gate_open = true;
    bool inherits_sockets = false;  // clients may come to them before its server runs
    std::optional<TimePoint> listening_since;
    bool steady = false;
    std::optional<TimePoint> elsewhere_since;  // it listens on the app's port, but not on the app's address
    std::unique_ptr<Readiness> readiness;
    Micros look_delay{0};
    Watch look_again;
  };

  void on_news(Member& member);
  void look(Member& member, Newcomer& newcomer);
  void look_later(InstanceId id);
  void look_at_listeners(Member& member, Newcomer& newcomer);
  void join(Member& member, Newcomer& newcomer, std::vector<Listener> listeners);
  Status take_in(Member& member, Newcomer& newcomer, std::vector<Listener> listeners);
  Status guard(const Newcomer& newcomer);
  std::optional<std::string> listens_elsewhere(InstanceId id, Newcomer& newcomer);
  void probe(InstanceId id, Newcomer& newcomer);
  [[nodiscard]] bool is_steady(InstanceId id);
  void on_verdict(InstanceId id);
  void become_ready(Member& member);

  World& world_;
  Recorder& recorder_;
  Fleet& fleet_;
  Membership& membership_;
  SteeringLeases& leases_;
  const TrafficShift& traffic_;
  std::map<InstanceId, Newcomer> newcomers_;
  bool admits_all_ = false;  // until something is shifted in
};

}  // namespace rollctl
