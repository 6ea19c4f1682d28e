// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/app_source.h"
#include "app/launcher_choice.h"
#include "app/port_check.h"
#include "base/descriptor_limit.h"
#include "config/app_file.h"
#include "config/generation_spec.h"
#include "deploy/descriptor_need.h"
#include "loop/loop.h"
#include "rollctl/exit_status.h"
#include "rollctl/verbs.h"
#include "state/history.h"
#include "state/journal.h"
#include "steering/handover.h"
#include "ui/error_view.h"

namespace roll {

namespace {

struct Findings {
  std::string app;
  std::string release;
  std::string handover;
  std::string launcher;
  std::string warning;
  size_t descriptors = 0;  // that a change takes at most
  std::vector<Error> errors;
};

Result<Findings> check(const CommandLine& line) {
  const auto paths = Context::paths();
  if (!paths) return fail(paths.error());
  const auto app = app_name_of(*paths, line.app);
  if (!app) return fail(app.error());
  const auto description = describe_app(*paths, *app, {});
  if (!description) return fail(description.error());
  const auto history = read_history(paths->journal(app->name), Reach::state());
  if (!history) return fail(history.error());

  Findings findings;
  findings.app = app->name;
  findings.release = history->current_release;
  if (const auto launcher = choose_launcher(description->config)) {
    findings.launcher = launcher_name(launcher->launcher);
    findings.warning = launcher->warning;
  } else {
    findings.errors.push_back(launcher.error());
  }
  if (Status found = check_preload_library(*paths, description->config); !found)
    findings.errors.push_back(found.error());
  // Without a release that paths could be made with, only what does not depend on one can be looked at.
  if (!findings.release.empty() || !needs_release(description->config)) {
    const GenerationSpec spec{app->name, findings.release.empty() ? "g1" : findings.release,
                              history->last_generation + 1, description->config};
    for (Error& error : check_against_host(spec)) findings.errors.push_back(std::move(error));
  }
  for (Error& error : check_ports(*paths, app->name, description->config))
    findings.errors.push_back(std::move(error));

  const auto loop = Loop::create();
  if (!loop) return fail(loop.error());
  const auto steering = choose_steering(**loop, insisted_handover(description->config.handover));
  if (steering) {
    findings.handover = handover_name((*steering)->way());
    DescriptorNeed need;  // of a later deploy: all are there, and as many are started
    need.standing = need.starting = static_cast<size_t>(description->config.instances.resolve());
    need.addresses = description->config.listen.size();
    if ((*steering)->way() == Handover::Steer && !(*steering)->outlives_rollctl())
      need.keeps = DescriptorNeed::Keeps::ForEachListener;
    findings.descriptors = need.descriptors();
    if (Status fits = check_descriptors(need); !fits) findings.errors.push_back(fits.error());
  } else {
    findings.errors.push_back(steering.error());
  }
  return findings;
}

void show(Context& context, const Findings& findings) {
  if (context.options().json) {
    nlohmann::json errors = nlohmann::json::array();
    for (const Error& error : findings.errors)
      errors.push_back({{"message", error.message}, {"hint", error.hint}, {"exit", exit_status_of(error)}});
    return context.print_json({{"v", 1},
                               {"app", findings.app},
                               {"ok", findings.errors.empty()},
                               {"handover", findings.handover.empty() ? nlohmann::json(nullptr)
                                                                      : nlohmann::json(findings.handover)},
                               {"launcher", findings.launcher.empty() ? nlohmann::json(nullptr)
                                                                      : nlohmann::json(findings.launcher)},
                               {"warning", findings.warning},
                               {"descriptors", findings.descriptors},
                               {"descriptor_limit", descriptor_limit()},
                               {"findings", errors}});
  }
  for (const Error& error : findings.errors)
    context.err().write(render(error_lines(error), context.err_terminal()));
  if (!findings.warning.empty())
    context.err().write(render({warning_line(findings.warning)}, context.err_terminal()));
  if (context.options().quiet || !findings.errors.empty()) return;
  context.print(
      {{{fmt::format("{}: nothing wrong was found; handover: {}", findings.app, findings.handover)}}});
}

}  // namespace

int run_check(Context& context, const CommandLine& line) {
  const auto findings = check(line);
  if (!findings) return context.fail(findings.error());
  show(context, *findings);
  return findings->errors.empty() ? kDone : exit_status_of(findings->errors.front());
}

}  // namespace roll
