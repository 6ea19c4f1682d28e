// SPDX-License-Identifier: MIT
#include "deploy/trouble.h"

#include <algorithm>

namespace rollctl {

namespace {

// A dead server does not answer its probe either, and which of the two is heard first is chance.
constexpr Millis kLastWords{100};

}  // namespace

bool any_in_trouble(const Fleet& fleet, const std::vector<InstanceId>& ids) {
  return std::any_of(ids.begin(), ids.end(),
                     [&](InstanceId id) { return fleet.at(id).trouble != Trouble::None; });
}

Act check_trouble(World& world, const Fleet& fleet, const std::vector<InstanceId>& ids) {
  const auto failed = std::find_if(ids.begin(), ids.end(),
                                   [&](InstanceId id) { return fleet.at(id).trouble != Trouble::None; });
  if (failed == ids.end()) return {};
  const Member& member = fleet.at(*failed);
  const auto explained = [&] { return member.trouble != Trouble::Unready; };
  (void)wait_until(world, explained, world.scheduler.now() + kLastWords, OnInterrupt::Ignore);
  return fail(Ending(Ending::Kind::InstanceFailed, member.trouble_text, member.trouble_hint, member.id));
}

Act check_news(World& world, const Fleet& fleet, const std::vector<InstanceId>& ids) {
  const auto in_trouble = [&] { return any_in_trouble(fleet, ids); };
  (void)wait_until(world, in_trouble, world.scheduler.now(), OnInterrupt::Ignore);
  return check_trouble(world, fleet, ids);
}

Act check_wait(World& world, const Fleet& fleet, Waited waited, const std::vector<InstanceId>& ids) {
  if (waited == Waited::Interrupted || waited == Waited::Abandoned) return check_interrupts(world);
  return check_trouble(world, fleet, ids);
}

Act bake(World& world, const Fleet& fleet, const std::vector<InstanceId>& fresh, Millis duration) {
  if (duration == Millis(0)) return check_trouble(world, fleet, fresh);
  const Waited waited = wait_until(
      world, [&] { return any_in_trouble(fleet, fresh); }, world.scheduler.now() + duration,
      OnInterrupt::Heed);
  return check_wait(world, fleet, waited, fresh);
}

}  // namespace rollctl
