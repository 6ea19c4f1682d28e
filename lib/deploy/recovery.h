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

// What to do about the change that a killed rollctl left.
enum class Remedy {
  Nothing,  // none was left
  Finish,   // the traffic had moved: what should leave, leaves
  Undo,     // it had not: what came goes again
};

// Pure: from what was meant and how far it got.
Remedy decide_remedy(const Change& change);

struct RecoveryRequest {
  std::string app;
  History history;
  GenerationSpec spec;  // of the generation that shall serve when it is over
  Remedy remedy = Remedy::Nothing;
};

// Finishes or undoes an interrupted change over discovered state, so that exactly one release serves, steered
// by nobody. Clients lose nothing by it. It can itself be killed at any moment and run again.
class Recovery {
 public:
  Recovery(World& world, RecoveryRequest request, PlaceInstance place);

  // Blocks until it is over. Outcome Deployed: finished, undone, or nothing was to be done, as `reason` says.
  // The error: nobody knows what there is, and nothing was touched.
  Result<Verdict> run();

 private:
  void sort_out();
  Ending mend();
  Verdict conclude(const Ending& ending);
  [[nodiscard]] int wanted() const;
  [[nodiscard]] bool belongs(const Member& member) const;
  [[nodiscard]] bool is_kept(const Member& member) const;
  void note_withdrawal(Verdict& verdict);

  World& world_;
  RecoveryRequest request_;
  Recorder recorder_;
  Fleet fleet_;
  Acts acts_;
  TimePoint began_;
  std::set<InstanceId> stay_;
  std::vector<InstanceId> canaries_;
  std::vector<InstanceId> standby_;
  std::vector<InstanceId> go_;
};

}  // namespace rollctl
