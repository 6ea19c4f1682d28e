// SPDX-License-Identifier: MIT
#include "deploy/wait.h"

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

}  // namespace rollctl
