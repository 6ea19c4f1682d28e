// SPDX-License-Identifier: MIT
#include "ui/plan_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <string>

#include "process/app_command.h"
#include "ui/diff_view.h"

namespace rollctl {

namespace {

// Of what starts against what runs; none where nothing ran, or nothing starts.
std::vector<SpecDifference> differences_in(const RolloutRequest& request) {
  if (request.shape != RolloutRequest::Shape::Replace || !request.previous) return {};
  return differences_of(*request.previous, request.spec);
}

}  // namespace

nlohmann::json plan_json(const PlannedChange& planned) {
  const RolloutRequest& request = planned.request;
  nlohmann::json steps = nlohmann::json::array();
  for (const Step& step : planned.plan) {
    auto& described = steps.emplace_back(nlohmann::json{{"launch", step.launch}, {"leave", step.leave}});
    if (!step.enter.empty()) described["enter"] = step.enter;
    if (step.canary) described["canary"] = *step.canary;
  }
  return {{"v", 1},
          {"app", request.spec.app},
          {"command", command_word(request.command)},
          {"release", request.spec.release},
          {"generation", request.spec.generation},
          {"instances", request.instances},
          {"plan", steps},
          {"differences", diff_json(differences_in(request))}};
}

std::vector<Line> plan_lines(const PlannedChange& planned) {
  const RolloutRequest& request = planned.request;
  const Plan& plan = planned.plan;
  std::vector<Line> lines{{{fmt::format("{}: {} {} as generation {}, in {} step{}; nothing was touched",
                                        request.spec.app, command_word(request.command), request.spec.release,
                                        request.spec.generation, plan.size(), plan.size() == 1 ? "" : "s")}}};
  for (const Step& step : plan) {
    std::vector<std::string> parts;
    if (step.canary)
      parts.push_back(fmt::format("{} {:.3g}% of the new connections",
                                  step.launch > 0 ? "start a canary with" : "give the canary", *step.canary));
    else if (step.launch > 0)
      parts.push_back(fmt::format("start {}", step.launch));
    if (!step.enter.empty()) parts.push_back(fmt::format("return to {}", fmt::join(step.enter, ", ")));
    if (!step.leave.empty())
      parts.push_back(
          fmt::format("{} {}", request.hold > Millis(0) ? "hold" : "drain", fmt::join(step.leave, ", ")));
    lines.push_back({{fmt::format("  {}", fmt::join(parts, ", then "))}});
  }
  const auto differences = differences_in(request);
  if (!differences.empty()) lines.push_back({{"changes:"}});
  for (Line& line : diff_lines(differences)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace rollctl
