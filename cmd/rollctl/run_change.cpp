// SPDX-License-Identifier: MIT
#include "rollctl/run_change.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "rollctl/attended_canary.h"
#include "rollctl/exit_status.h"

namespace roll {

namespace {

using nlohmann::json;

int print_plan(Context& context, const RolloutRequest& request, const Plan& plan) {
  if (context.options().json) {
    json steps = json::array();
    for (const Step& step : plan) {
      json& described = steps.emplace_back(json{{"launch", step.launch}, {"leave", step.leave}});
      if (!step.enter.empty()) described["enter"] = step.enter;
      if (step.canary > 0) described["canary"] = step.canary;
    }
    context.print_json({{"v", 1},
                        {"app", request.spec.app},
                        {"command", command_word(request.command)},
                        {"release", request.spec.release},
                        {"generation", request.spec.generation},
                        {"instances", request.instances},
                        {"plan", steps}});
    return kDone;
  }
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
  context.print(lines);
  return kDone;
}

int tell_unchanged(const CommandLine& line, ChangeSession& session, Reporter& reporter) {
  const History& history = session.state().history();
  Verdict verdict;
  verdict.command = line.app_command();
  verdict.app = session.state().app();
  verdict.release = verdict.serving_release = history.current_release;
  verdict.generation = history.current.value_or(0);
  verdict.outcome = Outcome::Unchanged;
  verdict.wanted = verdict.serving = history.wanted();
  return tell_verdict(verdict, Strictness::Normal, reporter);
}

Result<int> change(Context& context, const CommandLine& line, const MakeChange& make, Reporter& reporter) {
  const auto paths = Context::paths();
  if (!paths) return fail(paths.error());
  const auto name = app_name_of(*paths, line.app);
  if (!name) return fail(name.error());
  TargetApp app{*name, {}};
  if (line.command.empty())
    if (Status known = check_known(*paths, app); !known) return fail(known.error());

  // An app file that is wrong is said to be before anything is made or locked.
  if (traits_of(line.app_command()).reads_app_file) {
    auto description = describe_app(*paths, app, line.app_options());
    if (!description) return fail(description.error());
    app.description = std::move(*description);
  }

  const auto access = line.traffic.dry_run ? ChangeSession::Access::Preview : ChangeSession::Access::Change;
  auto session = ChangeSession::open(context.session_setting(*paths, app.name, access, reporter));
  if (!session && session.error().kind == ErrorKind::Busy && access == ChangeSession::Access::Change)
    return decide_for_holder(*paths, app.name, line, session.error(), reporter);
  if (!session) return fail(session.error());
  if (access == ChangeSession::Access::Change) {
    const auto recovered = (*session)->recover();
    if (!recovered) {
      reporter.error(with_context(recovered.error(), "cannot recover what an interrupted rollctl left"),
                     kNeedsAttention);
      return kNeedsAttention;
    }
    if (*recovered && (*recovered)->outcome == Outcome::NeedsAttention) {
      const int status = exit_status_of(**recovered, Strictness::Normal);
      reporter.finish(**recovered, status);
      return status;
    }
  }

  auto wanted = make(**session, app);
  if (!wanted) return fail(wanted.error());
  if (!wanted->request) return tell_unchanged(line, **session, reporter);
  RolloutRequest& request = *wanted->request;
  if (access == ChangeSession::Access::Preview) {
    const auto plan = (*session)->preview(request);
    if (!plan) return fail(plan.error());
    return print_plan(context, request, *plan);
  }

  if (wanted->description)
    if (Status kept = keep_description(*paths, app.name, *wanted->description); !kept)
      return fail(kept.error());
  const auto verdict = (*session)->roll_out(std::move(request));
  if (!verdict) return fail(verdict.error());
  const int status = exit_status_of(*verdict, line.traffic.strict ? Strictness::Strict : Strictness::Normal);
  reporter.finish(*verdict, status);
  return status;
}

}  // namespace

int run_change(Context& context, const CommandLine& line, const MakeChange& make) {
  const auto app = line.app.substr(line.app.rfind('/') + 1);
  const auto reporter = context.reporter(app.substr(0, app.find('.')));
  const auto status = change(context, line, make, *reporter);
  if (status) return *status;
  const int exit_status = exit_status_of(status.error());
  reporter->error(status.error(), exit_status);
  return exit_status;
}

int tell_verdict(const Verdict& verdict, Strictness strictness, Reporter& reporter) {
  Event event =
      events::deploy_finished({verdict.outcome, verdict.duration, verdict.connections_cut, verdict.reason});
  event.generation = verdict.generation;
  event.time = SystemClock().wall_now();
  reporter.on_event(event);
  const int status = exit_status_of(verdict, strictness);
  reporter.finish(verdict, status);
  return status;
}

RolloutRequest request_for(const CommandLine& line, ChangeSession& session, GenerationSpec spec) {
  const TrafficOptions& options = line.traffic;
  const AppConfig& config = spec.config;
  RolloutRequest request;
  request.command = line.app_command();
  request.from = session.state().history().wanted() > 0 ? session.state().history().current_release : "";
  request.instances = session.state().history().instances;
  request.batch = options.batch.value_or(config.rollout.batch);
  request.ready_deadline = options.ready_deadline.value_or(config.ready.deadline);
  request.bake = options.bake.value_or(config.rollout.bake);
  request.settle = config.drain.settle;
  if (request.command == AppCommand::Deploy) request.canary = options.canary.value_or(config.rollout.canary);
  if (traits_of(request.command).makes_generation) request.hold = options.hold.value_or(config.rollout.hold);
  request.drain = {config.drain.signal, options.drain_deadline.value_or(config.drain.deadline),
                   config.drain.order == DrainStep::Idle ? DrainStart::Idle : DrainStart::Signal};
  request.after_shift = options.detach ? AfterShift::Detach : AfterShift::AwaitDrains;
  request.note = options.note;
  // One must always be able to stop, whatever the host allows by now.
  if (request.command == AppCommand::Stop) spec.config.handover = HandoverPolicy::Auto;
  if (options.handover) spec.config.handover = *options.handover;
  request.spec = std::move(spec);
  return request;
}

}  // namespace roll
