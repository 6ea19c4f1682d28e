// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/app_check.h"
#include "base/descriptor_limit.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"
#include "ui/error_view.h"

namespace rollctl {

namespace {

void show_findings(Context& context, const std::string& app, const AppFindings& findings) {
  if (context.options().json) {
    nlohmann::json errors = nlohmann::json::array();
    for (const Error& error : findings.errors)
      errors.push_back({{"message", error.message}, {"hint", error.hint}, {"exit", exit_status_of(error)}});
    nlohmann::json pinned = nlohmann::json::array();
    for (const PinnedPath& path : findings.pinned)
      pinned.push_back({{"key", path.key}, {"path", path.path}, {"target", path.target}});
    return context.print_json({{"v", 1},
                               {"app", app},
                               {"ok", findings.errors.empty()},
                               {"handover", findings.handover.empty() ? nlohmann::json(nullptr)
                                                                      : nlohmann::json(findings.handover)},
                               {"launcher", findings.launcher.empty() ? nlohmann::json(nullptr)
                                                                      : nlohmann::json(findings.launcher)},
                               {"warning", findings.warning},
                               {"advice", findings.advice},
                               {"descriptors", findings.descriptors},
                               {"descriptor_limit", descriptor_limit()},
                               {"pinned", pinned},
                               {"findings", errors}});
  }
  for (const Error& error : findings.errors)
    context.err().write(render(error_lines(error), context.err_terminal()));
  if (!findings.warning.empty())
    context.err().write(render(std::vector<Line>{warning_line(findings.warning)}, context.err_terminal()));
  if (context.options().quiet || !findings.errors.empty()) return;
  for (const PinnedPath& path : findings.pinned)
    context.print({{{fmt::format("{}: {} is pinned to {} at deploy", path.key, path.path, path.target)}}});
  if (!findings.advice.empty())
    context.err().write(render(std::vector<Line>{hint_line(findings.advice)}, context.err_terminal()));
  context.print({{{fmt::format("{}: no problems found; handover: {}; launcher: {}", app, findings.handover,
                               findings.launcher)}}});
}

class Check final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "Name of the app, or path to its app file");
  }

  int run(Context& context) override {
    const auto paths = Context::paths();
    if (!paths) return context.fail(paths.error());
    const auto app = app_name_of(*paths, app_);
    if (!app) return context.fail(app.error());
    const auto findings = check_app(*paths, *app);
    if (!findings) return context.fail(findings.error());
    show_findings(context, app->name, *findings);
    return findings->errors.empty() ? kDone : exit_status_of(findings->errors.front());
  }

 private:
  std::string app_;
};

}  // namespace

constinit const CommandEntry kCheckCommand{"check", "Check the app file against this host; change nothing",
                                           make_command<Check>,
                                           "  rollctl check web\n"
                                           "  rollctl check ./web.toml --json\n"};

}  // namespace rollctl
