// SPDX-License-Identifier: MIT
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/app_status_reader.h"
#include "app/followed_output.h"
#include "app/signals.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"
#include "ui/line_printer.h"
#include "ui/status_view.h"

namespace rollctl {

namespace {

constexpr Micros kWatchInterval{1'000'000};
constexpr Micros kWaitInterval{50'000};

using Picture = std::vector<AppStatus>;

bool all_good(const Picture& apps) {
  return std::all_of(apps.begin(), apps.end(), [](const AppStatus& app) { return app.good(); });
}

bool any_changing(const Picture& apps) {
  return std::any_of(apps.begin(), apps.end(), [](const AppStatus& app) {
    return app.change && app.change->phase == RunningChange::Phase::Running;
  });
}

class StatusView {
 public:
  StatusView(Context& context, std::string app, Loop& loop, Paths paths)
      : context_(context), app_(std::move(app)), loop_(loop), paths_(std::move(paths)) {}

  Result<Picture> look() { return read_app_statuses(loop_, paths_, app_); }

  void show_json(const Picture& picture) {
    if (!app_.empty()) return context_.print_json(to_json(picture.front()));
    nlohmann::json apps = nlohmann::json::array();
    for (const AppStatus& app : picture) apps.push_back(to_json(app));
    context_.print_json({{"v", 1}, {"apps", apps}});
  }

  [[nodiscard]] std::vector<Line> lines(const Picture& picture) const {
    const WallTime now = SystemClock().wall_now();
    if (!app_.empty())
      return status_lines(picture.front(), now, context_.out_terminal(),
                          context_.options().verbose ? Detail::Full : Detail::Normal);
    if (picture.empty()) return {{{"no apps; write an app file: " + paths_.config_dir + "/APP.toml"}}};
    return overview_lines(picture, now, context_.out_terminal());
  }

  Result<int> once() {
    const auto picture = look();
    if (!picture) return fail(picture.error());
    show(*picture);
    return all_good(*picture) ? kDone : kNeedsAttention;
  }

  Result<int> wait() {
    const SignalInterrupts interrupts(context_, loop_);
    for (;;) {
      const auto picture = look();
      if (!picture) return fail(picture.error());
      if (!any_changing(*picture)) {
        show(*picture);
        return all_good(*picture) ? kDone : kNeedsAttention;
      }
      pause([&] { return interrupts.count() > 0; }, kWaitInterval);
      if (interrupts.count() > 0) return kSignalBase + interrupts.first_signal();
    }
  }

  // Ends at a signal or when the reader closes the pipe; both count as success.
  Result<int> watch() {
    const SignalInterrupts interrupts(context_, loop_);
    const FollowedOutput output(loop_, context_.out());
    LinePrinter printer(context_.out(), context_.out_terminal());
    const auto is_over = [&] { return interrupts.count() > 0 || output.is_closed(); };
    while (!is_over()) {
      if (!output.has_room()) {
        pause(is_over, FollowedOutput::kAskAgain);
        continue;
      }
      const auto picture = look();
      if (!picture) return fail(picture.error());
      if (context_.options().json || context_.out_terminal().motion == Terminal::Motion::None) {
        show(*picture);
      } else {
        printer.show(lines(*picture));
      }
      pause(is_over, kWatchInterval);
    }
    return kDone;
  }

 private:
  void show(const Picture& picture) {
    if (context_.options().json) return show_json(picture);
    if (!context_.options().quiet) context_.print(lines(picture));
  }

  void pause(const std::function<bool()>& is_over, Micros duration) {
    (void)loop_.run_until(is_over, loop_.now() + duration);
  }

  Context& context_;
  std::string app_;
  Loop& loop_;
  Paths paths_;
};

class StatusCommand final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Optional, app_,
                     "Name of the app, or path to its app file; without it, all apps");
    options.flag("--watch", watch_, "Refresh until interrupted");
    options.flag("--wait", wait_, "Wait until no change runs, then show the status");
  }

  int run(Context& context) override {
    auto paths = Context::paths();
    if (!paths) return context.fail(paths.error());
    auto loop = Loop::create();
    if (!loop) return context.fail(loop.error());
    StatusView view(context, app_, **loop, std::move(*paths));
    const auto status = watch_ ? view.watch() : wait_ ? view.wait() : view.once();
    return status ? *status : context.fail(status.error());
  }

 private:
  std::string app_;
  bool watch_ = false;
  bool wait_ = false;
};

}  // namespace

constinit const CommandEntry kStatusCommand{"status", "Show releases and instances",
                                            make_command<StatusCommand>,
                                            "  rollctl status\n"
                                            "  rollctl status web --watch\n"};

}  // namespace rollctl
