// SPDX-License-Identifier: MIT
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/app_source.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"
#include "state/journal_reader.h"
#include "ui/history_view.h"

namespace rollctl {

namespace {

constexpr int kDefaultChanges = 20;

Status show_history(Context& context, const std::string& argument, size_t limit) {
  const auto paths = Context::paths();
  if (!paths) return fail(paths.error());
  const auto app = app_name_of(*paths, argument);
  if (!app) return fail(app.error());
  if (Status known = check_known(*paths, *app); !known) return known;
  const auto history = read_history(paths->journal(app->name), Reach::changes(limit));
  if (!history) return fail(history.error());
  if (!context.options().json) {
    context.print(history_lines(*history, limit, SystemClock().wall_now(), context.out_terminal()));
    return {};
  }
  context.print_json(history_json(*history, app->name, limit));
  return {};
}

class HistoryCommand final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "Name of the app, or path to its app file");
    options.number("-n", "N", changes_, Options::Least::One, "Show the last N changes (default: 20)");
  }

  int run(Context& context) override {
    const Status shown = show_history(context, app_, static_cast<size_t>(changes_.value_or(kDefaultChanges)));
    return shown ? kDone : context.fail(shown.error());
  }

 private:
  std::string app_;
  std::optional<int> changes_;
};

}  // namespace

constinit const CommandEntry kHistoryCommand{"history", "Show past changes", make_command<HistoryCommand>};

}  // namespace rollctl
