// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/app_source.h"
#include "app/file_logs.h"
#include "app/journal_logs.h"
#include "app/signals.h"
#include "process/systemd_manager.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"
#include "state/instance_releases.h"
#include "state/log_time.h"

namespace rollctl {

namespace {

constexpr size_t kDefaultLines = 100;

class ContextLogPrinter final : public LogPrinter {
 public:
  enum class Times { Shown, Hidden };
  ContextLogPrinter(Context& context, Times times) : context_(context), times_(times) {}

  void print(const LogLine& line) override {
    if (context_.options().json)
      return context_.print_json({{"v", 1},
                                  {"id", line.instance},
                                  {"line", line.text},
                                  {"time", format_time(line.time)},
                                  {"time_estimated", line.is_estimated}});
    std::string head = fmt::format("{} ", line.instance);
    if (times_ == Times::Shown) head += (line.is_estimated ? "~" : "") + format_time(line.time) + " ";
    // render() makes control characters visible on a terminal, where they could do harm.
    context_.print({{{head, Tone::Quiet}, {line.text}}});
  }

 private:
  Context& context_;
  Times times_;
};

Status follow_both(Context& context, Loop& loop, FileLogs& files, const LogPart& part,
                   std::optional<JournalLogs>& journal) {
  const SignalInterrupts interrupts(context, loop);
  const FollowedOutput output(loop, context.out());
  if (Status followed = files.follow(loop, output, part); !followed) return followed;
  if (journal)
    if (Status followed = journal->follow(loop, output); !followed) return followed;
  (void)loop.run_until([&] { return interrupts.count() > 0 || output.is_closed(); }, TimePoint::max());
  return {};
}

Result<WallTime> moment(const std::string& text) {
  return parse_moment(text, SystemClock().wall_now());
}

class Logs final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "Name of the app, or path to its app file");
    options.flag("-f,--follow", follow_, "Keep printing new lines");
    options.number("-n", "N", lines_, Options::Least::Zero,
                   "Show the last N lines (default: 100; with --since or --until all)");
    options.parsed("--since", "WHEN", since_, &moment, "Show what is newer: 10m, or \"2026-01-31 12:00\"");
    options.parsed("--until", "WHEN", until_, &moment, "Show what is older");
    options.number("--instance", "ID", instance_, "Show only this instance");
    options.text("--release", "RELEASE", release_, "Show only instances of this release");
    options.flag("--timestamps", timestamps_, "Show the time of each line");
    options.exclude("--follow", "--until");
  }

  int run(Context& context) override {
    const Status shown = show(context);
    return shown ? kDone : context.fail(shown.error());
  }

 private:
  [[nodiscard]] LogPart part() const {
    LogPart part{kDefaultLines, since_, until_};
    if (since_ || until_) part.lines = LogPart::kAll;
    if (lines_) part.lines = static_cast<size_t>(*lines_);
    return part;
  }

  [[nodiscard]] std::function<bool(InstanceId)> chosen(const Paths& paths, const std::string& app) const {
    if (!release_) return [only = instance_](InstanceId id) { return !only || *only == id; };
    return [only = instance_, release = *release_, releases = std::make_shared<InstanceReleases>(paths, app)](
               InstanceId id) { return (!only || *only == id) && releases->of(id) == release; };
  }

  Status show(Context& context) const {
    const auto paths = Context::paths();
    if (!paths) return fail(paths.error());
    const auto app = app_name_of(*paths, app_);
    if (!app) return fail(app.error());
    if (Status known = check_known(*paths, *app); !known) return known;
    const auto loop = Loop::create();
    if (!loop) return fail(loop.error());
    const auto shows = chosen(*paths, app->name);
    using Times = ContextLogPrinter::Times;
    ContextLogPrinter printer(context, timestamps_ ? Times::Shown : Times::Hidden);
    FileLogs files(printer, paths->logs(app->name), shows);
    std::optional<JournalLogs> journal;
    if (const auto systemd = find_systemd())
      journal.emplace(printer, *systemd, JournalQuery{app->name, instance_, part()}, shows);
    if (follow_) return follow_both(context, **loop, files, part(), journal);

    std::vector<LogLine> all;
    if (journal) {
      auto last = journal->last_lines();
      if (!last) return fail(last.error());
      all = std::move(*last);
    }
    if (instance_ && all.empty() && files.ids().empty())
      return fail(ErrorKind::NotFound, fmt::format("{} has no log of instance {}", app->name, *instance_),
                  fmt::format("see `rollctl status {}`", app->name));
    std::vector<LogLine> of_files = files.last_lines(part());
    all.insert(all.end(), std::move_iterator(of_files.begin()), std::move_iterator(of_files.end()));
    for (const LogLine& line : merge_logs(std::move(all), part().lines)) printer.print(line);
    return {};
  }

  std::string app_;
  bool follow_ = false;
  bool timestamps_ = false;
  std::optional<int> lines_;
  std::optional<WallTime> since_;
  std::optional<WallTime> until_;
  std::optional<InstanceId> instance_;
  std::optional<std::string> release_;
};

}  // namespace

constinit const CommandEntry kLogsCommand{"logs", "Show the logs of the instances", make_command<Logs>,
                                          "  rollctl logs web -f\n"
                                          "  rollctl logs web --since 10m --release v2 --timestamps\n"};

}  // namespace rollctl
