// SPDX-License-Identifier: MIT
// The operator's own programs around a change.
#include <fmt/format.h>

#include <memory>

#include "config/launch.h"
#include "deploy/rollout.h"

namespace rollctl {

Ending Rollout::run_hook(const char* name, const std::vector<std::string>& argv, OnInterrupt on_interrupt) {
  if (argv.empty()) return {};
  const auto failed = [&](std::string why) {
    return Ending{Ending::Kind::HookFailed, 0, fmt::format("the hook {} failed: {}", name, why), {}};
  };
  auto expanded = expand_hook(request_.spec, argv);
  if (!expanded) return failed(expanded.error().message);
  // One that was interrupted ends whenever it likes, also after this function.
  const auto result = std::make_shared<std::optional<Result<ExitStatus>>>();
  world_.hooks.run(*expanded, hook_environment(request_.spec),
                   [result](Result<ExitStatus> ended) { *result = std::move(ended); });
  const Waited waited =
      wait_until(world_, [&] { return result->has_value(); }, TimePoint::max(), on_interrupt);
  if (waited == Waited::Interrupted || waited == Waited::Abandoned)
    return {waited == Waited::Interrupted ? Ending::Kind::Interrupted : Ending::Kind::Abandoned,
            0,
            fmt::format("interrupted while the hook {} ran", name),
            {}};
  const Result<ExitStatus>& exit = **result;
  if (!exit) return failed(exit.error().message);
  if (!exit->success()) {
    recorder_.happened(events::hook_failed(name, *exit));
    return failed(fmt::format("{} {}", expanded->front(), exit->text()));
  }
  return {};
}

void Rollout::try_hook(const char* name, const std::vector<std::string>& argv) {
  const Ending ending = run_hook(name, argv, OnInterrupt::Ignore);
  if (!ending.done()) world_.observer.on_warning(ending.reason);
}

}  // namespace rollctl
