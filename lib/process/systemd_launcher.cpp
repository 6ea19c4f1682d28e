// SPDX-License-Identifier: MIT
#include "process/systemd_launcher.h"

#include "base/command.h"
#include "process/systemd_manager.h"
#include "process/systemd_unit.h"

namespace rollctl {

namespace {

// systemd itself waits 25 s for an answer on the bus.
constexpr Millis kAnswerDeadline{60'000};

}  // namespace

Result<StartedShim> SystemdLauncher::start(const std::string& shim_program, const LaunchSpec& spec) {
  const auto scope = find_systemd();
  if (!scope) return fail(scope.error());
  const auto ran = run_command(systemd_run_command(*scope, shim_program, spec), Command::Stderr::Together,
                               kAnswerDeadline);
  if (!ran) return fail(ran.error());
  if (ran->status == 0) return StartedShim();
  const std::string unit = unit_name(spec.app, spec.instance);
  return fail(Error{
      ErrorKind::Failed, 0,
      "systemd did not start " + unit + (ran->text.empty() ? std::string() : ": " + in_one_line(ran->text)),
      spec.unit->properties.empty()
          ? "see `journalctl -u " + unit + "`"
          : "look at [systemd] in the app file, and at `journalctl -u " + unit + "`"});
}

}  // namespace rollctl
