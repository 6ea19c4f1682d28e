// SPDX-License-Identifier: MIT
#include "app/app_source.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"

namespace rollctl {

namespace {

class Recover final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "Name of the app, or path to its app file");
  }

  int run(Context& context) override {
    const auto reporter = context.reporter(app_);
    const auto session = open(context, *reporter);
    if (!session) return tell_error(session.error(), *reporter);
    auto verdict = (*session)->recover();
    if (verdict && !*verdict) verdict = (*session)->tidy();
    if (!verdict) {
      reporter->error(verdict.error(), kNeedsAttention);
      return kNeedsAttention;
    }
    if ((*verdict)->serving >= (*verdict)->wanted) return tell_end(**verdict, Strictness::Normal, *reporter);
    reporter->finish(**verdict, kNeedsAttention);
    return kNeedsAttention;
  }

 private:
  Result<std::unique_ptr<ChangeSession>> open(Context& context, Reporter& reporter) {
    const auto paths = Context::paths();
    if (!paths) return fail(paths.error());
    const auto app = app_name_of(*paths, app_);
    if (!app) return fail(app.error());
    if (Status known = check_known(*paths, *app); !known) return fail(known.error());
    return ChangeSession::open(
        context.session_setting(*paths, app->name, ChangeSession::Access::Change, reporter));
  }

  std::string app_;
};

}  // namespace

constinit const CommandEntry kRecoverCommand{"recover", "Finish or undo an interrupted change",
                                             make_command<Recover>,
                                             "  rollctl recover web\n"
                                             "  rollctl recover web --json\n"};

}  // namespace rollctl
