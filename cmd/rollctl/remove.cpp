// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/app_removal.h"
#include "app/app_source.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"
#include "state/freeze.h"

namespace rollctl {

namespace {

class Remove final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "Name of the app, or path to its app file");
  }

  int run(Context& context) override {
    const Status removed = remove(context);
    return removed ? kDone : context.fail(removed.error());
  }

 private:
  Status remove(Context& context) {
    const auto paths = Context::paths();
    if (!paths) return fail(paths.error());
    const auto app = app_name_of(*paths, app_);
    if (!app) return fail(app.error());
    if (Status known = check_known(*paths, *app); !known) return known;
    if (Status free = check_not_frozen(*paths, app->name); !free) return free;
    const auto reporter = context.reporter(app_);
    const auto session = ChangeSession::open(
        context.session_setting(*paths, app->name, ChangeSession::Access::Change, *reporter));
    if (!session) return fail(session.error());
    if (Status removed = remove_app(**session, *reporter); !removed) return removed;
    if (context.options().json) {
      context.print_json({{"v", 1}, {"app", app->name}, {"removed", true}});
    } else if (!context.options().quiet) {
      context.print({{{fmt::format("{}: removed its state, history and logs", app->name)}}});
    }
    return {};
  }

  std::string app_;
};

}  // namespace

constinit const CommandEntry kRemoveCommand{"remove", "Remove a stopped app: its state, history and logs",
                                            make_command<Remove>,
                                            "  rollctl remove web\n"
                                            "  rollctl remove web --json\n"};

}  // namespace rollctl
