// SPDX-License-Identifier: MIT
#include "deploy/launching.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/duration.h"
#include "deploy/trouble.h"

namespace rollctl {

namespace {

// Each instance is probed no more often than this times their number: probes of many would take the
// processors from the servers that start.
constexpr Millis kProbePace{2};

}  // namespace

Launching::Launching(World& world, Recorder& recorder, Fleet& fleet, Membership& membership,
                     SteeringLeases& leases, const TrafficShift& traffic, Joining& joining,
                     PlaceInstance place)
    : world_(world),
      recorder_(recorder),
      fleet_(fleet),
      membership_(membership),
      leases_(leases),
      traffic_(traffic),
      joining_(joining),
      place_(std::move(place)) {}

Act Launching::launch(const GenerationSpec& spec, int count, Millis deadline,
                      std::vector<InstanceId>& launched, OnInterrupt on_interrupt,
                      const std::function<Act()>& meanwhile) {
  membership_.forget_gone();  // a slot of theirs may be needed
  // No client reaches a new instance that is not ready, even if nothing else listens.
  ROLL_TRY(world_.steering.fall_back_to(Steering::Fallback::Nobody));
  const size_t earlier = launched.size();
  for (int started = 0; started < count; ++started) ROLL_TRY(start_one(spec, count, launched));
  leases_.await_all();  // of the gate
  const TimePoint until = world_.scheduler.now() + deadline;
  // Where nothing serves, a server may have to reach itself through the port before it is ready. Better that
  // clients reach one that is not ready than none ever.
  const Watch admission = world_.scheduler.after(Micros(deadline) / 2, [this] {
    if (traffic_.current().rotation.empty()) joining_.admit_all();
  });
  const std::span<const InstanceId> ours = std::span(launched).subspan(earlier);
  const auto all_or_one_failed = [&](const auto& holds) {
    const auto reached = [&] {
      return any_in_trouble(fleet_, launched) ||
             std::all_of(ours.begin(), ours.end(), [&](InstanceId id) { return holds(fleet_.at(id)); });
    };
    return wait_until(world_, reached, until, on_interrupt);
  };
  // Work that is done before a server is executed delays it, for its shim needs the processors until then.
  Waited waited = all_or_one_failed([](const Member& member) { return member.server.pid != 0; });
  if (waited == Waited::Satisfied) {
    if (meanwhile) ROLL_TRY(meanwhile());
    waited = all_or_one_failed([](const Member& member) { return member.state == InstanceState::Ready; });
  }
  if (waited == Waited::DeadlinePassed) note_late(ours, deadline);
  return check_wait(world_, fleet_, waited, launched);
}

Act Launching::start_one(const GenerationSpec& spec, int count, std::vector<InstanceId>& launched) {
  ROLL_TRY_ASSIGN(LaunchPlace place, place_(spec));
  LaunchSpec& launch = place.launch;
  const bool steers = world_.steering.way() == Handover::Steer;
  launch.gate = steers ? LaunchSpec::Gate::Open : LaunchSpec::Gate::Closed;
  place.probe.interval = std::max(place.probe.interval, kProbePace * count);
  warn_of_open_sockets(launch);

  Acknowledgement on_disk = recorder_.intend(events::instance_starting(launch.instance, launch.release));
  Member& member = fleet_.add_launched(launch.instance, launch.release, launch.generation, log_of(launch));
  launched.push_back(member.id);
  joining_.expect(launch, std::move(place.probe));
  fleet_.show();
  const Status started = world_.instances.launch(launch, on_disk);
  if (started) return {};

  const Status intended = on_disk.await();
  if (intended) fleet_.note_trouble(member, Trouble::LaunchFailed, started.error().message);
  fleet_.enter(member, InstanceState::Stopped);
  ROLL_TRY(intended);
  return fail(Ending(Ending::Kind::InstanceFailed, started.error().message, started.error().hint, member.id));
}

// Once, for the first instance that comes beside others.
void Launching::warn_of_open_sockets(const LaunchSpec& launch) {
  if (launch.sockets != LaunchSpec::Sockets::Inherited || world_.steering.way() == Handover::Steer) return;
  const bool is_first =
      fleet_.which([](const Member& member) { return member.origin == Member::Origin::Launched; }).empty();
  const bool others_serve =
      !fleet_.which([](const Member& member) { return member.state == InstanceState::Serving; }).empty();
  if (!is_first || !others_serve) return;
  world_.observer.on_warning(fmt::format(
      "with handover {} a new instance gets connections from its start, for its sockets are open then; "
      "they wait until it is ready",
      handover_name(world_.steering.way())));
}

void Launching::note_late(std::span<const InstanceId> launched, Millis deadline) {
  for (InstanceId id : launched) {
    Member& member = fleet_.at(id);
    if (member.state == InstanceState::Ready) continue;
    const std::string detail = joining_.why_not_ready(id);
    fleet_.note_trouble(
        member, Trouble::NotInTime,
        fmt::format("not ready after {}{}{}", human_duration(deadline), detail.empty() ? "" : ": ", detail));
  }
}

}  // namespace rollctl
