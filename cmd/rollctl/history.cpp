// SPDX-License-Identifier: MIT
#include <fmt/format.h>

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

Result<AppName> known_app_of(const Paths& paths, const std::string& argument) {
  ROLL_TRY_ASSIGN(AppName app, app_name_of(paths, argument));
  ROLL_TRY(check_known(paths, app));
  return app;
}

Status show_history(Context& context, const std::string& argument, size_t limit) {
  const auto paths = Context::paths();
  if (!paths) return fail(paths.error());
  ROLL_TRY_ASSIGN(const AppName app, known_app_of(*paths, argument));
  ROLL_TRY_ASSIGN(History history, read_history(paths->journal(app.name), Reach::changes(limit)));
  forget_lost(*paths, app.name, history);
  const bool json = context.options().json;
  const GenerationSpecs specs =
      json || context.options().verbose ? specs_of(*paths, app.name, history, limit) : GenerationSpecs{};
  if (json)
    context.print_json(history_json(history, app.name, limit, specs));
  else
    context.print(history_lines(history, limit, specs, SystemClock().wall_now(), context.out_terminal()));
  return {};
}

Status show_generation(Context& context, const std::string& argument, int64_t generation) {
  const auto paths = Context::paths();
  if (!paths) return fail(paths.error());
  ROLL_TRY_ASSIGN(const AppName app, known_app_of(*paths, argument));
  Reach reach = Reach::all();
  reach.drains = Reach::Drains::AreRead;
  ROLL_TRY_ASSIGN(History history, read_history(paths->journal(app.name), reach));
  forget_lost(*paths, app.name, history);
  if (std::ranges::find(history.changes, generation, &Change::generation) == history.changes.end())
    return fail(ErrorKind::NotFound, fmt::format("{} has no generation {}", app.name, generation),
                fmt::format("see `rollctl history {}`", app.name));
  GenerationSpecs specs;
  if (auto spec = load_generation(*paths, app.name, generation)) specs.emplace(generation, std::move(*spec));
  if (context.options().json)
    context.print_json(generation_json(history, app.name, generation, specs));
  else
    context.print(
        generation_lines(history, generation, specs, SystemClock().wall_now(), context.out_terminal()));
  return {};
}

class HistoryCommand final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "Name of the app, or path to its app file");
    options.optional_number("GENERATION", generation_, "Show this generation whole");
    options.number("-n", "N", changes_, Options::Least::One, "Show the last N changes (default: 20)");
  }

  int run(Context& context) override {
    const Status shown =
        generation_ ? show_generation(context, app_, *generation_)
                    : show_history(context, app_, static_cast<size_t>(changes_.value_or(kDefaultChanges)));
    return shown ? kDone : context.fail(shown.error());
  }

 private:
  std::string app_;
  std::optional<int> changes_;
  std::optional<int64_t> generation_;
};

}  // namespace

constinit const CommandEntry kHistoryCommand{"history", "Show past changes", make_command<HistoryCommand>,
                                             "  rollctl history web -n 5\n"
                                             "  rollctl history web 12\n"};

}  // namespace rollctl
