// SPDX-License-Identifier: MIT
#include "app/release_spec.h"
#include "app/run_once.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"

namespace rollctl {

namespace {

class Run final : public CliCommand {
 public:
  void declare(Options& options) override {
    options.argument("APP", Options::Need::Required, app_, "Name of the app, or path to its app file");
    options.argument("RELEASE", Options::Need::Optional, release_,
                     "Label of the version; default: the one that serves");
    options.command_behind_dashes(command_, "After `--`: the COMMAND to run, with its arguments.");
  }

  int run(Context& context) override {
    const auto status = run_command_of(release_);
    return status ? *status : context.fail(status.error());
  }

 private:
  [[nodiscard]] Result<int> run_command_of(const std::string& release) const {
    if (command_.empty())
      return fail(ErrorKind::Invalid, "run: the command is missing",
                  "rollctl run APP RELEASE -- COMMAND, for example `rollctl run web v2 -- ./migrate`");
    const auto paths = Context::paths();
    if (!paths) return fail(paths.error());
    ROLL_TRY_ASSIGN(const AppName app, app_name_of(*paths, app_));
    ROLL_TRY(check_known(*paths, app));
    ROLL_TRY_ASSIGN(const auto loop, Loop::create());
    ROLL_TRY_ASSIGN(const GenerationSpec spec, spec_for_run(*paths, app, release));
    return run_once(*loop, spec, command_);
  }

  std::string app_;
  std::string release_;
  std::vector<std::string> command_;
};

}  // namespace

constinit const CommandEntry kRunCommand{"run", "Run a program as the servers of a release run",
                                         make_command<Run>,
                                         "  rollctl run web v2 -- ./migrate\n"
                                         "  rollctl run web -- sh -c 'echo $ROLL_RELEASE'\n"};

}  // namespace rollctl
