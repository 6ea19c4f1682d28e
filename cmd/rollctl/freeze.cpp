// SPDX-License-Identifier: MIT
#include "state/freeze.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/app_source.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"

namespace rollctl {

namespace {

Result<AppName> known_app(const Paths& paths, const std::string& argument) {
  auto app = app_name_of(paths, argument);
  if (!app) return fail(app.error());
  if (Status known = check_known(paths, *app); !known) return fail(known.error());
  return app;
}

class FreezeCommand final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "Name of the app, or path to its app file");
    options.argument("REASON", Options::Need::Required, reason_, "Shown to everybody who is refused");
  }

  int run(Context& context) override {
    const Status frozen = freeze(context);
    return frozen ? kDone : context.fail(frozen.error());
  }

 private:
  Status freeze(Context& context) {
    const auto paths = Context::paths();
    if (!paths) return fail(paths.error());
    ROLL_TRY_ASSIGN(const AppName app, known_app(*paths, app_));
    const Freeze freeze{reason_, find_caller(), SystemClock().wall_now()};
    ROLL_TRY(keep_freeze(*paths, app.name, freeze));
    if (context.options().json)
      context.print_json({{"v", 1}, {"app", app.name}, {"frozen", to_json(freeze)}});
    else if (!context.options().quiet)
      context.print({{{fmt::format("{}: frozen: {}", app.name, reason_)}}});
    return {};
  }

  std::string app_;
  std::string reason_;
};

class ThawCommand final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "Name of the app, or path to its app file");
  }

  int run(Context& context) override {
    const Status thawed = thaw(context);
    return thawed ? kDone : context.fail(thawed.error());
  }

 private:
  Status thaw(Context& context) {
    const auto paths = Context::paths();
    if (!paths) return fail(paths.error());
    ROLL_TRY_ASSIGN(const AppName app, known_app(*paths, app_));
    ROLL_TRY_ASSIGN(const bool was_frozen, end_freeze(*paths, app.name));
    if (context.options().json)
      context.print_json({{"v", 1}, {"app", app.name}, {"frozen", nullptr}});
    else if (!context.options().quiet)
      context.print({{{fmt::format("{}: {}", app.name, was_frozen ? "thawed" : "was not frozen")}}});
    return {};
  }

  std::string app_;
};

}  // namespace

constinit const CommandEntry kFreezeCommand{"freeze", "Refuse changes of an app, with a reason",
                                            make_command<FreezeCommand>,
                                            "  rollctl freeze web \"sale until Monday\"\n"
                                            "  rollctl freeze ./web.toml \"an audit runs\"\n"};
constinit const CommandEntry kThawCommand{"thaw", "Allow changes of a frozen app", make_command<ThawCommand>,
                                          "  rollctl thaw web\n"
                                          "  rollctl thaw web --json\n"};

}  // namespace rollctl
