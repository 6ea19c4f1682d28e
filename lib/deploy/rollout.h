// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "deploy/acts.h"
#include "deploy/plan.h"
#include "deploy/verdict.h"
#include "deploy/world.h"

namespace rollctl {

enum class AfterShift { AwaitDrains, Detach };

// What a command wants of its app. All of it is decided: checked, with the options applied.
struct RolloutRequest {
  enum class Shape {
    Replace,  // deploy, rollback, restart: every instance that is there leaves
    TopUp,    // start, scale: as many as are missing start, or as many as are too many leave; failed ones are
              // replaced
    Stop,     // every instance leaves, none comes
    Promote,  // the canary becomes one of the wanted, every other instance leaves
    Withdraw,  // abort: the canary leaves
  };

  AppCommand command = AppCommand::Deploy;
  Shape shape = Shape::Replace;
  GenerationSpec spec;                     // of the instances that start
  std::optional<GenerationSpec> previous;  // of those that serve, for taking batches back
  std::string from;                        // the release that serves; empty: none
  int instances = 1;
  Batch batch;
  double canary =
      0;  // percent; with Replace: one new instance gets this share, and with `bake` the rest follows
  // With Replace: the generation whose instances serve again if they stand by; those of others end.
  std::optional<int64_t> returns_to;
  Millis ready_deadline{30'000};
  Millis bake{0};
  Millis settle{3000};
  Millis hold{0};  // what leaves stands by this long
  DrainOrder drain;
  AfterShift after_shift = AfterShift::AwaitDrains;
  std::string note;
  // Called with the specification while the new servers start, and before clients come to them: writes down
  // what a rollback is to start. Acknowledged when a reboot does not lose it, which has to be so before the
  // end is written. Empty: nothing is to be kept.
  std::function<Result<Acknowledgement>(const GenerationSpec&)> keep;
  // Called when this process begins to stay with a canary or a standby. Empty: nobody wants to know.
  std::function<void()> on_attend;
};

// One change of an app from its first event to its last, as a page of verbs.
class Rollout {
 public:
  Rollout(World& world, RolloutRequest request, PlaceInstance place);

  // Blocks until it is over. Whatever happens on the way ends in a verdict; an error says why nothing was
  // begun, Unsupported that this host's handover cannot do what was asked for.
  Result<Verdict> run();

  // What `run` would do, without doing it. Unsupported where this host's handover cannot do it.
  Result<Plan> preview();

 private:
  Status look_around();
  [[nodiscard]] Status check_handover() const;
  [[nodiscard]] Status check_room(const Plan& plan) const;
  [[nodiscard]] Plan make_plan() const;
  [[nodiscard]] std::vector<InstanceId> returning() const;
  Ending end_standby();
  Ending begin();
  Ending gate();
  Ending check_ports();
  Ending change();
  Ending keep();
  Ending replace(const Step& step);
  Ending attend();
  Ending attend_canary();
  Ending attend_hold();
  Ending finish();
  Ending take_back();
  Ending leave(const std::vector<InstanceId>& leaving, const DrainOrder& order, OnInterrupt on_interrupt);
  Ending end_gate();
  Ending lift_gate();
  [[nodiscard]] bool stays_steered() const;
  void leave_steered();
  [[nodiscard]] std::vector<InstanceId> standing_by() const;
  Ending run_hook(const char* name, const std::vector<std::string>& argv, OnInterrupt on_interrupt);
  void try_hook(const char* name, const std::vector<std::string>& argv);
  Verdict conclude(const Ending& ending, const Ending& undone);
  void describe_failure(const Ending& ending, Verdict& verdict) const;
  [[nodiscard]] bool promotes() const;
  [[nodiscard]] bool may_be_undone() const;

  World& world_;
  RolloutRequest request_;
  Recorder recorder_;
  Fleet fleet_;
  Acts acts_;
  Plan plan_;
  bool begun_ = false;    // the beginning is told: the end must be, too
  bool touched_ = false;  // the traffic is gated, or was tried to be
  bool gated_ = false;
  size_t steps_done_ = 0;
  TimePoint began_;
  bool kept_ = false;
  std::optional<Acknowledgement> kept_on_disk_;
  Traffic before_;
  std::vector<InstanceId> fresh_;    // launched for the target, or returned to
  std::vector<InstanceId> leaving_;  // told to end
  std::vector<InstanceId> held_;     // out of the rotation, to stand by
  bool attending_ = false;           // staying with what the next step would change
  bool cut_short_ = false;           // the waiting at the end was interrupted
};

}  // namespace rollctl
