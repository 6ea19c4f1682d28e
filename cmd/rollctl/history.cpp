// SPDX-License-Identifier: MIT
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/app_source.h"
#include "rollctl/cli_command.h"
#include "rollctl/exit_status.h"
#include "state/journal.h"
#include "ui/history_view.h"

namespace roll {

namespace {

constexpr int kDefaultChanges = 20;

nlohmann::json to_json(const Change& change) {
  using nlohmann::json;
  return {{"command", command_word(change.command)},
          {"release", change.release},
          {"from", change.from ? json(*change.from) : json(nullptr)},
          {"generation", change.generation},
          {"instances", change.instances},
          {"handover", change.handover},
          {"note", change.note},
          {"started", format_time(change.started)},
          {"outcome", change.outcome ? json(outcome_name(*change.outcome)) : json(nullptr)},
          {"duration_ms", change.outcome ? json(change.duration.count()) : json(nullptr)},
          {"connections_cut", change.connections_cut},
          {"reason", change.reason}};
}

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
  nlohmann::json changes = nlohmann::json::array();
  for (size_t back = 0; back < std::min(limit, history->changes.size()); ++back)
    changes.push_back(to_json(history->changes[history->changes.size() - 1 - back]));
  context.print_json({{"v", 1}, {"app", app->name}, {"changes", changes}});
  return {};
}

class HistoryCommand final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "The app: its name, or a path to its app file");
    options.number("-n", "N", changes_, Options::Least::One, "The last N changes (default: 20)");
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

constinit const CommandEntry history_command{"history", "Show what was done", make_command<HistoryCommand>};

}  // namespace roll
