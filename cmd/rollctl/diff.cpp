// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/app_source.h"
#include "app/release_spec.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"
#include "state/generations.h"
#include "state/journal_reader.h"
#include "ui/diff_view.h"

namespace rollctl {

namespace {

class Diff final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "Name of the app, or path to its app file");
    options.argument("RELEASE", Options::Need::Optional, release_,
                     "Label of the version to deploy; default: the one that serves");
  }

  int run(Context& context) override {
    const Status shown = show(context);
    return shown ? kDone : context.fail(shown.error());
  }

 private:
  Status show(Context& context) const {
    const auto paths = Context::paths();
    if (!paths) return fail(paths.error());
    ROLL_TRY_ASSIGN(const AppName app, app_name_of(*paths, app_));
    ROLL_TRY(check_known(*paths, app));
    ROLL_TRY_ASSIGN(const History history, read_history(paths->journal(app.name), Reach::state()));
    ROLL_TRY_ASSIGN(const GenerationSpec next, spec_for_deploy(*paths, app, history, release_));
    GenerationSpec current;
    if (history.current) {
      ROLL_TRY_ASSIGN(current, load_generation(*paths, app.name, *history.current));
    }
    const auto differences = differences_of(current, next);
    if (context.options().json) {
      context.print_json({{"v", 1},
                          {"app", app.name},
                          {"generation", history.current.value_or(0)},
                          {"release", next.release},
                          {"differences", diff_json(differences)}});
      return {};
    }
    const std::string before =
        history.current ? fmt::format("{} (generation {})", current.release, *history.current) : "nothing";
    context.print({{{fmt::format("{}: {} -> {}{}", app.name, before, next.release,
                                 differences.empty() ? ": no differences" : "")}}});
    context.print(diff_lines(differences));
    return {};
  }

  std::string app_;
  std::string release_;
};

}  // namespace

constinit const CommandEntry kDiffCommand{"diff", "Show what a deploy would change", make_command<Diff>,
                                          "  rollctl diff web v2\n"
                                          "  rollctl diff web --json\n"};

}  // namespace rollctl
