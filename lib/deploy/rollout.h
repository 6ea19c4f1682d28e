// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "deploy/acts.h"
#include "deploy/change_hooks.h"
#include "deploy/plan.h"
#include "deploy/rollout_request.h"
#include "deploy/rollout_verdict.h"
#include "deploy/verdict.h"
#include "deploy/world.h"

namespace rollctl {

// One change of an app, from its first event to its last.
class Rollout {
 public:
  Rollout(World& world, RolloutRequest request, PlaceInstance place);

  // Makes the change and blocks until it is over. All that goes wrong on the way ends in a verdict. The
  // error: nothing was begun; Unsupported where the handover of this host cannot do what is asked for. Call
  // run() or preview() once.
  Result<Verdict> run();

  // The plan of run(). Changes nothing but remains, which are cleared away. Fails as run() does.
  Result<Plan> preview();

 private:
  Act begin();
  Act change();
  Act finish();
  Act take_back();

  Act check_ports();
  Act end_older_standby();

  void watch_canaries();
  Act replace(const Step& step);
  Act start(const Step& step, std::vector<InstanceId>& fresh);
  [[nodiscard]] Traffic traffic_after(const Step& step, const std::vector<InstanceId>& fresh) const;
  Act watch(const Step& step);
  Act retire(const std::vector<InstanceId>& leaving);

  Act attend();
  Act attend_canary();
  Act attend_standby();

  Act start_again(int missing, Traffic& back);
  Act drain(const std::vector<InstanceId>& leaving, const DrainOrder& order,
            const std::vector<InstanceId>& watched = {});
  Act drain_and_await(const std::vector<InstanceId>& leaving, const DrainOrder& order);

  Verdict close(Verdict verdict, const Act& last);
  [[nodiscard]] RolloutView view() const { return {world_, request_, fleet_, acts_}; }

  World& world_;
  RolloutRequest request_;
  Recorder recorder_;
  Fleet fleet_;
  Acts acts_;
  ChangeHooks hooks_;
  TimePoint began_;
  Plan plan_;
  Traffic before_;                   // when the change began
  std::vector<InstanceId> fresh_;    // launched for the target, or returned to
  std::vector<InstanceId> leaving_;  // told to end
  std::vector<InstanceId> held_;     // out of the rotation, to stand by
};

}  // namespace rollctl
