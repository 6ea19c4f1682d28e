// SPDX-License-Identifier: MIT
#include "deploy/wait.h"

#include <fmt/format.h>

namespace rollctl {

Waited wait_until(World& world, const std::function<bool()>& satisfied, TimePoint deadline,
                  OnInterrupt on_interrupt) {
  const Interrupts& interrupts = world.interrupts;
  const auto cut_short = [&] { return interrupts.count() > (on_interrupt == OnInterrupt::Heed ? 0 : 1); };
  bool met = false;
  const WaitEnd end = world.scheduler.run_until(
      [&] {
        met = satisfied();
        return met || cut_short();
      },
      deadline);
  if (met) return Waited::Satisfied;
  if (cut_short()) return interrupts.count() > 1 ? Waited::Abandoned : Waited::Interrupted;
  return end == WaitEnd::Satisfied ? Waited::Satisfied : Waited::DeadlinePassed;
}

Act check_interrupts(const World& world) {
  const int signals = world.interrupts.count();
  if (signals == 0) return {};
  if (signals > 1)
    return fail(Ending(Ending::Kind::Abandoned, "interrupted twice: left at once",
                       "run `rollctl recover` to finish or undo it"));
  return fail(Ending(Ending::Kind::Interrupted,
                     fmt::format("interrupted by {}", signal_name(world.interrupts.first_signal()))));
}

}  // namespace rollctl
