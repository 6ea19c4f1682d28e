// SPDX-License-Identifier: MIT
#include "rollctl/exit_status.h"
#include "rollctl/run_change.h"
#include "rollctl/verbs.h"

namespace roll {

namespace {

Result<int> recover(Context& context, const CommandLine& line, Reporter& reporter) {
  const auto paths = Context::paths();
  if (!paths) return fail(paths.error());
  const auto app = app_name_of(*paths, line.app);
  if (!app) return fail(app.error());
  if (Status known = check_known(*paths, *app); !known) return fail(known.error());
  auto session = ChangeSession::open(
      context.session_setting(*paths, app->name, ChangeSession::Access::Change, reporter));
  if (!session) return fail(session.error());
  auto verdict = (*session)->recover();
  if (verdict && !*verdict) verdict = (*session)->tidy();
  if (!verdict) {
    reporter.error(verdict.error(), kNeedsAttention);
    return kNeedsAttention;
  }
  const int status = (*verdict)->serving < (*verdict)->wanted ? kNeedsAttention
                                                              : exit_status_of(**verdict, Strictness::Normal);
  reporter.finish(**verdict, status);
  return status;
}

}  // namespace

int run_recover(Context& context, const CommandLine& line) {
  const auto reporter = context.reporter(line.app);
  const auto status = recover(context, line, *reporter);
  if (status) return *status;
  const int exit_status = exit_status_of(status.error());
  reporter->error(status.error(), exit_status);
  return exit_status;
}

}  // namespace roll
