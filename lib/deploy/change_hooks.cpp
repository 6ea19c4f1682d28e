// SPDX-License-Identifier: MIT
#include "deploy/change_hooks.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "config/launch.h"

namespace rollctl {

Act ChangeHooks::run(const char* name, const std::vector<std::string>& argv, OnInterrupt on_interrupt,
                     const std::function<bool()>& is_moot) {
  if (argv.empty()) return {};
  const auto failed = [&](const std::string& why) {
    return fail(Ending(Ending::Kind::HookFailed, fmt::format("the hook {} failed: {}", name, why)));
  };
  auto expanded = expand_hook(spec_, argv);
  if (!expanded) return failed(expanded.error().message);
  // Shared: an interrupted hook may end after this function has returned.
  const auto result = std::make_shared<std::optional<Result<ExitStatus>>>();
  world_.hooks.run(*expanded, hook_environment(spec_),
                   [result](Result<ExitStatus> ended) { *result = std::move(ended); });
  const auto over = [&] { return result->has_value() || (is_moot && is_moot()); };
  const Waited waited = wait_until(world_, over, TimePoint::max(), on_interrupt);
  if (waited == Waited::Interrupted || waited == Waited::Abandoned)
    return fail(Ending(waited == Waited::Interrupted ? Ending::Kind::Interrupted : Ending::Kind::Abandoned,
                       fmt::format("interrupted while the hook {} ran", name)));
  if (!result->has_value()) return {};
  const Result<ExitStatus>& exit = **result;
  if (!exit) return failed(exit.error().message);
  if (exit->success()) return {};
  recorder_.happened(events::hook_failed(name, *exit));
  return failed(fmt::format("{} {}", expanded->front(), exit->text()));
}

void ChangeHooks::try_run(const char* name, const std::vector<std::string>& argv,
                          const std::function<bool()>& is_moot) {
  Act ran = run(name, argv, OnInterrupt::Ignore, is_moot);
  if (!ran) world_.observer.on_warning(ran.error().reason);
}

}  // namespace rollctl
