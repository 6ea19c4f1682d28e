// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/app_source.h"
#include "app/file_logs.h"
#include "app/journal_logs.h"
#include "app/signals.h"
#include "process/systemd_manager.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"

namespace rollctl {

namespace {

constexpr int kDefaultLines = 100;

class ContextLogPrinter final : public LogPrinter {
 public:
  explicit ContextLogPrinter(Context& context) : context_(context) {}

  void print(InstanceId id, const std::string& text) override {
    if (context_.options().json) return context_.print_json({{"v", 1}, {"id", id}, {"line", text}});
    // render() makes control characters visible on a terminal, where they could do harm.
    context_.print({{{fmt::format("{} ", id), Tone::Quiet}, {text}}});
  }

 private:
  Context& context_;
};

Status follow_both(Context& context, Loop& loop, FileLogs& files, size_t lines,
                   std::optional<JournalLogs>& journal) {
  const SignalInterrupts interrupts(context, loop);
  const FollowedOutput output(loop, context.out());
  if (Status followed = files.follow(loop, output, lines); !followed) return followed;
  if (journal)
    if (Status followed = journal->follow(loop, output); !followed) return followed;
  (void)loop.run_until([&] { return interrupts.count() > 0 || output.is_closed(); }, TimePoint::max());
  return {};
}

class Logs final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "Name of the app, or path to its app file");
    options.flag("-f,--follow", follow_, "Keep printing new lines");
    options.number("-n", "N", lines_, Options::Least::Zero, "Show the last N lines (default: 100)");
    options.number("--instance", "ID", instance_, "Show only this instance");
  }

  int run(Context& context) override {
    const Status shown = show(context);
    return shown ? kDone : context.fail(shown.error());
  }

 private:
  Status show(Context& context) const {
    const auto paths = Context::paths();
    if (!paths) return fail(paths.error());
    const auto app = app_name_of(*paths, app_);
    if (!app) return fail(app.error());
    if (Status known = check_known(*paths, *app); !known) return known;
    const auto loop = Loop::create();
    if (!loop) return fail(loop.error());
    const auto lines = static_cast<size_t>(lines_.value_or(kDefaultLines));
    ContextLogPrinter printer(context);
    FileLogs files(printer, paths->logs(app->name), instance_);
    std::optional<JournalLogs> journal;
    if (const auto systemd = find_systemd())
      journal.emplace(printer, *systemd, JournalQuery{app->name, instance_, lines});
    if (follow_) return follow_both(context, **loop, files, lines, journal);

    std::vector<JournalLine> told;
    if (journal) {
      auto last = journal->last_lines();
      if (!last) return fail(last.error());
      told = std::move(*last);
    }
    if (instance_ && told.empty() && files.ids().empty())
      return fail(ErrorKind::NotFound, fmt::format("{} has no log of instance {}", app->name, *instance_),
                  fmt::format("see `rollctl status {}`", app->name));
    files.show_last(lines - std::min(lines, told.size()));
    for (const JournalLine& said : told) printer.print(said.instance, said.text);
    return {};
  }

  std::string app_;
  bool follow_ = false;
  std::optional<int> lines_;
  std::optional<InstanceId> instance_;
};

}  // namespace

constinit const CommandEntry kLogsCommand{"logs", "Show the logs of the instances", make_command<Logs>};

}  // namespace rollctl
