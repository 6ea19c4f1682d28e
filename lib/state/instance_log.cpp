// SPDX-License-Identifier: MIT
#include "state/instance_log.h"

#include <unistd.h>

#include "base/command.h"
#include "process/systemd_unit.h"
#include "state/log_tail.h"

namespace rollctl {

namespace {

constexpr Millis kAnswerDeadline{10'000};

std::vector<std::string> last_lines_in_journal(const std::string& unit, size_t lines) {
  const bool root = ::geteuid() == 0;
  // The last output of a dead server may still be on its way to the journal; only root may wait for it.
  if (root) (void)run_command({"journalctl", "--sync"}, Command::Stderr::Discarded, kAnswerDeadline);
  const auto told = run_command(
      {"journalctl", "--quiet", "--no-pager", "--all", "--output=cat", "--lines=" + std::to_string(lines),
       (root ? "_SYSTEMD_UNIT=" : "_SYSTEMD_USER_UNIT=") + unit},
      Command::Stderr::Discarded, kAnswerDeadline);
  return told ? last_lines_in(told->text, lines) : std::vector<std::string>();
}

}  // namespace

InstanceLog log_of(const LaunchSpec& spec) {
  return {spec.log_path, spec.unit ? unit_name(spec.app, spec.instance) : std::string()};
}

std::vector<std::string> last_lines_of(const InstanceLog& log, size_t lines) {
  return log.unit.empty() ? last_lines_of(log.path, lines) : last_lines_in_journal(log.unit, lines);
}

}  // namespace rollctl
