// SPDX-License-Identifier: MIT
#include "rollctl/change_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "rollctl/exit_status.h"

namespace roll {

namespace {

nlohmann::json plan_json(const PlannedChange& planned) {
  const RolloutRequest& request = planned.request;
  nlohmann::json steps = nlohmann::json::array();
  for (const Step& step : planned.plan) {
    auto& described = steps.emplace_back(nlohmann::json{{"launch", step.launch}, {"leave", step.leave}});
    if (!step.enter.empty()) described["enter"] = step.enter;
    if (step.canary > 0) described["canary"] = step.canary;
  }
  return {{"v", 1},
          {"app", request.spec.app},
          {"command", command_word(request.command)},
          {"release", request.spec.release},
          {"generation", request.spec.generation},
          {"instances", request.instances},
          {"plan", steps}};
}

std::vector<Line> plan_lines(const PlannedChange& planned) {
  const RolloutRequest& request = planned.request;
  const Plan& plan = planned.plan;
  std::vector<Line> lines{{{fmt::format("{}: {} {} as generation {}, in {} step{}; nothing was touched",
                                        request.spec.app, command_word(request.command), request.spec.release,
                                        request.spec.generation, plan.size(), plan.size() == 1 ? "" : "s")}}};
  for (const Step& step : plan) {
    std::vector<std::string> parts;
    if (step.canary > 0)
      parts.push_back(fmt::format("start a canary with {:.3g}% of the new connections", step.canary));
    else if (step.launch > 0)
      parts.push_back(fmt::format("start {}", step.launch));
    if (!step.enter.empty()) parts.push_back(fmt::format("return to {}", fmt::join(step.enter, ", ")));
    if (!step.leave.empty())
      parts.push_back(
          fmt::format("{} {}", request.hold > Millis(0) ? "hold" : "drain", fmt::join(step.leave, ", ")));
    lines.push_back({{fmt::format("  {}", fmt::join(parts, ", then "))}});
  }
  return lines;
}

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

}  // namespace roll
