// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "deploy/acts.h"
#include "deploy/verdict.h"
#include "deploy/world.h"
#include "state/history.h"

namespace rollctl {

// How to end a change that a killed rollctl left.
enum class Remedy {
  Nothing,  // no change was left
  Finish,   // the traffic had moved: the old instances leave
  Undo,     // it had not: the new instances leave
};

// Decides from the intents of the change and how far it got.
Remedy decide_remedy(const Change& change);

// The generation whose instances are to serve when the change is mended.
int64_t generation_after(Remedy remedy, const Change& change, const History& history);

struct RecoveryRequest {
  std::string app;
  History history;
  GenerationSpec spec;  // of the generation that serves afterwards
  Remedy remedy = Remedy::Nothing;
};

// Finishes or undoes an interrupted change over discovered state, so that exactly one release serves and
// nothing steers. Clients lose nothing by it. It may be killed at any moment and run again.
class Recovery {
 public:
  Recovery(World& world, RecoveryRequest request, PlaceInstance place);

  // Blocks until it is over. Outcome Deployed: finished, undone, or nothing to do, as `reason` says. The
  // error: the instances could not be discovered, and nothing was touched. Once only.
  Result<Verdict> run();

 private:
  void sort_out();
  Act mend();
  [[nodiscard]] DrainOrder drain_order() const;
  Act gate();
  Act start_missing();
  std::vector<InstanceId> settling();
  Verdict conclude(const Act& mended);
  [[nodiscard]] int wanted() const;
  [[nodiscard]] bool belongs(const Member& member) const;
  [[nodiscard]] bool is_reweighing() const;
  [[nodiscard]] bool is_kept(const Member& member) const;
  void note_withdrawal(Verdict& verdict);

  World& world_;
  RecoveryRequest request_;
  Recorder recorder_;
  Fleet fleet_;
  Acts acts_;
  TimePoint began_;
  std::set<InstanceId> stay_;         // serve afterwards
  std::vector<InstanceId> canaries_;  // stay
  std::vector<InstanceId> standby_;   // stay
  std::vector<InstanceId> go_;        // are drained
};

}  // namespace rollctl
