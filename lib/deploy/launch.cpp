// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "deploy/acts.h"

namespace rollctl {

namespace {

// One that has died does not answer its probe either, and which of the two is heard first is chance.
constexpr Millis kLastWords{100};

// Probes of many together come no faster than one in this time: they would keep from starting who is not
// ready.
constexpr Millis kProbePace{2};

// Others serve, and none has been launched yet.
bool is_first_beside_others(const Fleet& fleet) {
  bool others_serve = false;
  for (const auto& [id, member] : fleet.members()) {
    if (member.origin == Member::Origin::Launched) return false;
    others_serve = others_serve || member.state == InstanceState::Serving;
  }
  return others_serve;
}

}  // namespace

Ending Acts::intend_launch(const GenerationSpec& spec) {
  auto place = place_(spec);
  if (!place) return host_failed(place.error());
  LaunchSpec& launch = place->launch;
  launch.gate = gates() ? LaunchSpec::Gate::Open : LaunchSpec::Gate::Closed;
  auto on_disk = recorder_.intend(events::instance_starting(launch.instance, launch.release));
  world_.instances.stage(launch);
  next_launch_ = IntendedLaunch{std::move(*place), std::move(on_disk)};
  return {};
}

Ending Acts::start_one(const GenerationSpec& spec, InstanceId& id) {
  if (!next_launch_ || next_launch_->place.launch.generation != spec.generation)
    if (Ending ending = intend_launch(spec); !ending.done()) return ending;
  auto [place, on_disk] = std::move(*std::exchange(next_launch_, std::nullopt));
  const LaunchSpec& launch = place.launch;

  if (launch.sockets == LaunchSpec::Sockets::Inherited && !gates() && is_first_beside_others(fleet_))
    world_.observer.on_warning(fmt::format(
        "with handover {} a new instance gets connections from its start, for its sockets are open then; "
        "they wait until it is ready",
        handover_name(world_.steering.way())));

  id = launch.instance;
  Member& member = fleet_.add_launched(id, launch.release, launch.generation, log_of(launch));
  member.gate_open = launch.gate == LaunchSpec::Gate::Open;
  member.inherits_sockets = launch.sockets == LaunchSpec::Sockets::Inherited;
  probes_[id] = std::move(place.probe);
  fleet_.show();
  if (Status launched = world_.instances.launch(launch, on_disk); !launched) {
    if (Status intended = on_disk.await(); !intended) {
      fleet_.enter(member, InstanceState::Stopped);
      return host_failed(intended.error());
    }
    fleet_.fail(member, Trouble::LaunchFailed, launched.error().message);
    fleet_.enter(member, InstanceState::Stopped);
    return {Ending::Kind::InstanceFailed, id, launched.error().message, launched.error().hint};
  }
  return {};
}

Ending Acts::launch(const GenerationSpec& spec, int count, Millis deadline, std::vector<InstanceId>& launched,
                    OnInterrupt on_interrupt, const std::function<Ending()>& meanwhile) {
  forget_gone();  // a slot of theirs may be needed
  for (int started = 0; started < count; ++started) {
    InstanceId id = 0;
    const Ending ending = start_one(spec, id);
    if (id != 0) launched.push_back(id);
    probes_[id].interval = std::max(probes_[id].interval, kProbePace * count);
    if (!ending.done()) return ending;
  }
  await_all_steering_held();  // by those that were gated
  const TimePoint until = world_.scheduler.now() + deadline;
  // Where nobody serves, one may have to reach itself through the port before it is ready. Better that
  // clients reach one that is not ready than nobody ever.
  const Watch admission = world_.scheduler.after(Micros(deadline) / 2, [this] {
    if (traffic_.rotation.empty()) admits_all_ = world_.steering.guard(Steering::Admitted::All).has_value();
  });
  const auto all_or_one_failed = [&](const auto& holds) {
    return wait_until(
        world_,
        [&] {
          return any_in_trouble(launched) || std::all_of(launched.begin(), launched.end(),
                                                         [&](InstanceId id) { return holds(fleet_.at(id)); });
        },
        until, on_interrupt);
  };
  // Whatever is done before a server is executed delays it, for its shim needs the processors until then.
  Waited waited = all_or_one_failed([](const Member& member) { return member.server.pid != 0; });
  if (waited == Waited::Satisfied) {
    if (meanwhile)
      if (Ending ending = meanwhile(); !ending.done()) return ending;
    waited = all_or_one_failed([](const Member& member) { return member.state == InstanceState::Ready; });
  }
  if (waited == Waited::DeadlinePassed) {
    for (InstanceId id : launched) {
      Member& member = fleet_.at(id);
      if (member.state == InstanceState::Ready) continue;
      std::string detail = member.readiness ? member.readiness->detail() : member.detail;
      // Ready by its own word, but not where connections come.
      if (detail.empty() && !member.joined())
        detail = fmt::format("does not listen on {} yet", listen_text());
      fleet_.fail(member, Trouble::NotInTime,
                  fmt::format("not ready after {}{}{}", human_duration(deadline), detail.empty() ? "" : ": ",
                              detail));
    }
  }
  return ending_of(waited, launched);
}

std::string Acts::listen_text() const {
  std::vector<std::string> texts;
  for (const ListenAddress& address : listen_) texts.push_back(address.text);
  return fmt::format("{}", fmt::join(texts, ", "));
}

Ending Acts::interruption() const {
  const int signals = world_.interrupts.count();
  if (signals == 0) return {};
  if (signals > 1)
    return {Ending::Kind::Abandoned, 0, "interrupted twice: left at once",
            "run `rollctl recover` to finish or undo it"};
  return {Ending::Kind::Interrupted,
          0,
          fmt::format("interrupted by {}", signal_name(world_.interrupts.first_signal())),
          {}};
}

Ending Acts::ending_of(Waited waited, const std::vector<InstanceId>& ids) {
  const bool cut_short = waited == Waited::Interrupted || waited == Waited::Abandoned;
  return cut_short ? interruption() : trouble_among(ids);
}

bool Acts::any_in_trouble(const std::vector<InstanceId>& ids) const {
  return std::any_of(ids.begin(), ids.end(),
                     [this](InstanceId id) { return fleet_.at(id).trouble != Trouble::None; });
}

Ending Acts::trouble_among(const std::vector<InstanceId>& ids) {
  for (InstanceId id : ids) {
    const Member& member = fleet_.at(id);
    if (member.trouble == Trouble::None) continue;
    const auto explained = [&] { return member.trouble != Trouble::Unready; };
    (void)wait_until(world_, explained, world_.scheduler.now() + kLastWords, OnInterrupt::Ignore);
    return {Ending::Kind::InstanceFailed, id, member.trouble_text, {}};
  }
  return {};
}

Ending Acts::bake(const std::vector<InstanceId>& fresh, Millis duration) {
  if (duration == Millis(0)) return trouble_among(fresh);
  const Waited waited = wait_until(
      world_, [&] { return any_in_trouble(fresh); }, world_.scheduler.now() + duration, OnInterrupt::Heed);
  return ending_of(waited, fresh);
}

}  // namespace rollctl
