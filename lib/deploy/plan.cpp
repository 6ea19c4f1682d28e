// SPDX-License-Identifier: MIT
#include "deploy/plan.h"

#include <algorithm>

namespace rollctl {

namespace {

Plan plan_launches(int missing, int batch) {
  Plan plan;
  for (; missing > 0; missing -= batch) plan.push_back(Step{std::min(missing, batch), {}});
  return plan;
}

}  // namespace

Plan plan_replacement(std::vector<InstanceId> old, int instances, const Batch& batch, int standing) {
  std::sort(old.begin(), old.end());
  Plan plan = plan_launches(instances - standing, batch.of(instances));
  if (plan.empty()) return plan_stop(std::move(old));
  // Old instances leave in proportion to the new ones that have come: the last leaves with the last batch.
  int launched = standing;
  size_t left = 0;
  for (Step& step : plan) {
    launched += step.launch;
    const size_t leaving = launched == instances
                               ? old.size()
                               : old.size() * static_cast<size_t>(launched) / static_cast<size_t>(instances);
    step.leave.assign(old.begin() + static_cast<ptrdiff_t>(left),
                      old.begin() + static_cast<ptrdiff_t>(leaving));
    left = leaving;
  }
  return plan;
}

Plan plan_canary(std::vector<InstanceId> old, int instances, const Batch& batch,
                 const std::vector<double>& shares, Then then) {
  Plan plan{Step{1, {}, {}, shares.front()}};
  if (then == Then::Stop) return plan;
  for (auto share = shares.begin() + 1; share != shares.end(); ++share)
    plan.push_back(Step{0, {}, {}, *share});
  for (Step& step : plan_replacement(std::move(old), instances, batch, 1)) plan.push_back(std::move(step));
  return plan;
}

Plan plan_return(std::vector<InstanceId> standby, std::vector<InstanceId> old, int instances) {
  std::sort(standby.begin(), standby.end());
  std::sort(old.begin(), old.end());
  const int missing = std::max(0, instances - static_cast<int>(standby.size()));
  return {Step{missing, std::move(old), std::move(standby)}};
}

Plan plan_scale(std::vector<InstanceId> serving, int instances, const Batch& batch) {
  const int now = static_cast<int>(serving.size());
  if (now <= instances) return plan_launches(instances - now, batch.of(instances));
  std::sort(serving.begin(), serving.end());
  return {Step{0, std::vector<InstanceId>(serving.begin() + instances, serving.end())}};
}

Plan plan_stop(std::vector<InstanceId> all) {
  if (all.empty()) return {};
  std::sort(all.begin(), all.end());
  return {Step{0, std::move(all)}};
}

}  // namespace rollctl
