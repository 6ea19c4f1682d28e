// SPDX-License-Identifier: MIT
#include "app/app_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "state/generations.h"
#include "state/silent_shims.h"

namespace rollctl {

Status AppState::read() {
  auto history = read_history(Reach::state());
  if (!history) return fail(history.error());
  history_ = std::move(*history);
  return {};
}

Result<History> AppState::read_history(const Reach& reach) const {
  return rollctl::read_history(paths_.journal(app_), reach);
}

Result<GenerationSpec> AppState::generation(int64_t generation) const {
  return load_generation(paths_, app_, generation);
}

Result<std::optional<GenerationSpec>> AppState::current() const {
  if (!history_.current) return std::nullopt;
  auto spec = generation(*history_.current);
  if (!spec) return fail(spec.error());
  return std::optional(std::move(*spec));
}

Result<GenerationSpec> AppState::running() const {
  auto spec = current();
  if (!spec) return fail(spec.error());
  if (*spec && history_.wanted() > 0) return std::move(**spec);
  return fail(ErrorKind::Failed, fmt::format("{} is not running", app_),
              fmt::format("rollctl {} {}", *spec ? "start" : "deploy", app_));
}

Result<int> AppState::count(const std::function<bool(const FoundInstance&)>& counts) {
  const auto found = instances_.discover();
  if (!found) return fail(found.error());
  if (Status answered = check_all_answer(*found); !answered) return fail(answered.error());
  return static_cast<int>(std::count_if(found->begin(), found->end(), counts));
}

Result<int> AppState::count_instances() {
  return count([](const FoundInstance&) { return true; });
}

Result<bool> AppState::serves_with(int instances) {
  const auto serves = [](const FoundInstance& instance) {
    return instance.presence != Presence::Remains && instance.record.state == InstanceState::Serving;
  };
  const auto all = count(serves);
  if (!all) return fail(all.error());
  const auto own = count([&](const FoundInstance& instance) {
    return serves(instance) && instance.record.generation == history_.current;
  });
  if (!own) return fail(own.error());
  return *all == *own && *own == instances;
}

Result<bool> AppState::stands_by(int64_t generation) {
  const auto standing = count([&](const FoundInstance& instance) {
    return instance.presence != Presence::Remains && instance.record.state == InstanceState::Standby &&
           instance.record.generation == generation;
  });
  if (!standing) return fail(standing.error());
  return *standing > 0;
}

Result<bool> AppState::canary_serves() {
  const auto canaries = count([](const FoundInstance& instance) {
    return instance.presence != Presence::Remains && instance.record.state == InstanceState::Canary;
  });
  if (!canaries) return fail(canaries.error());
  return *canaries > 0;
}

Result<std::optional<StandingCanary>> AppState::canary() {
  std::optional<StandingCanary> noted = history_.canary;
  if (!noted) return noted;
  const auto standing = count([&](const FoundInstance& instance) {
    return instance.presence != Presence::Remains && instance.record.generation == noted->generation;
  });
  if (!standing) return fail(standing.error());
  if (*standing == 0) noted.reset();
  return noted;
}

Status AppState::check_no_canary() {
  const auto standing = canary();
  if (!standing) return fail(standing.error());
  if (!*standing) return {};
  return fail(ErrorKind::Busy,
              fmt::format("release {} has been running as a canary since {}", (*standing)->release,
                          format_time((*standing)->since)),
              fmt::format("end it first: `rollctl promote {0}` or `rollctl abort {0}`", app_));
}

}  // namespace rollctl
