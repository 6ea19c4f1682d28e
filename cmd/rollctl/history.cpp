// SPDX-License-Identifier: MIT
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/app_source.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"
#include "state/generations.h"
#include "state/instance_folders.h"
#include "state/journal_reader.h"
#include "ui/history_view.h"

namespace rollctl {

namespace {

constexpr int kDefaultChanges = 20;

// A missing or unreadable one is left out: the journal has the change all the same.
GenerationSpecs specs_of(const Paths& paths, const std::string& app, const History& history, size_t limit) {
  GenerationSpecs specs;
  for (auto change = history.changes.rbegin(); change != history.changes.rend() && limit > 0;
       ++change, --limit)
    if (auto spec = load_generation(paths, app, change->generation))
      specs.emplace(change->generation, std::move(*spec));
  return specs;
}

// An instance that is gone and has not told its end never will: the host was restarted, or its shim killed.
void forget_lost(const Paths& paths, const std::string& app, History& history) {
  const auto folders = list_instance_folders(paths, app);
  if (!folders) return;
  for (Change& change : history.changes)
    std::erase_if(change.remaining,
                  [&](InstanceId id) { return std::ranges::find(*folders, id) == folders->end(); });
}

Status show_history(Context& context, const std::string& argument, size_t limit) {
  const auto paths = Context::paths();
  if (!paths) return fail(paths.error());
  const auto app = app_name_of(*paths, argument);
  if (!app) return fail(app.error());
  if (Status known = check_known(*paths, *app); !known) return known;
  auto history = read_history(paths->journal(app->name), Reach::changes(limit));
  if (!history) return fail(history.error());
  forget_lost(*paths, app->name, *history);
  const bool json = context.options().json;
  const GenerationSpecs specs =
      json || context.options().verbose ? specs_of(*paths, app->name, *history, limit) : GenerationSpecs{};
  if (json)
    context.print_json(history_json(*history, app->name, limit, specs));
  else
    context.print(history_lines(*history, limit, specs, SystemClock().wall_now(), context.out_terminal()));
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
