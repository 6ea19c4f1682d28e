// SPDX-License-Identifier: MIT
#include "rollctl/change_command.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "rollctl/exit_status.h"
#include "ui/plan_view.h"

namespace rollctl {

namespace {

int show(Context& context, const PlannedChange& planned) {
  if (context.options().json)
    context.print_json(plan_json(planned));
  else
    context.print(plan_lines(planned));
  return kDone;
}

}  // namespace

void ChangeCommand::declare(Options& options) {
  options_.declare_app(options);
  declare_own(options);
  options_.declare(options, takes_);
}

int ChangeCommand::run(Context& context) {
  const auto reporter = context.reporter(app_label(options_.app));
  const auto changed = [&]() -> Result<ChangeResult> {
    const auto paths = Context::paths();
    if (!paths) return fail(paths.error());
    auto app = app_name_of(*paths, options_.app);
    if (!app) return fail(app.error());
    call_.app = std::move(*app);
    call_.options = options_.change;
    if (options_.detach) call_.options.after_shift = AfterShift::Detach;
    if (options_.no_hooks) call_.options.hooks = ChangeOptions::Hooks::Skip;
    call_.options.wait_lock = options_.wait_lock.value_or(Millis(0));
    call_.decision = decision();
    const auto access = options_.dry_run ? ChangeSession::Access::Preview : ChangeSession::Access::Change;
    return change_app(
        call_, [this](ChangeSession& session, const TargetApp& target) { return decide(session, target); },
        context.session_setting(*paths, call_.app.name, access, *reporter));
  }();
  if (!changed) return tell_error(changed.error(), *reporter);
  if (const auto* planned = std::get_if<PlannedChange>(&*changed)) return show(context, *planned);
  if (const auto* unrecovered = std::get_if<Unrecovered>(&*changed)) {
    reporter->error(unrecovered->error, kNeedsAttention);
    return kNeedsAttention;
  }
  return tell_end(std::get<Verdict>(*changed), options_.strict ? Strictness::Strict : Strictness::Normal,
                  *reporter);
}

}  // namespace rollctl
