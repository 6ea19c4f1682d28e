// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "doctor/examine_host.h"
#include "doctor/host_assessment.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"
#include "ui/doctor_view.h"

namespace rollctl {

namespace {

std::string own_path() {
  std::error_code failure;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failure);
  return failure ? "/usr/bin/rollctl" : path.string();
}

class Doctor final : public CliCommand {
 public:
  void declare(Options&) override {}

  int run(Context& context) override {
    const std::vector<HostCheck> checks = examine_host(Context::paths());
    const HostAssessment verdict = assess_host(
        best_handover(), checks, ::geteuid() == 0 ? UserKind::Root : UserKind::Ordinary, own_path());
    const CommonOptions& options = context.options();
    if (options.json) {
      context.print_json(doctor_json(verdict, checks));
    } else if (options.quiet) {
      context.print(doctor_complaints(verdict, checks, context.out_terminal()));
    } else {
      context.print(doctor_lines(verdict, checks, context.out_terminal(),
                                 options.verbose ? Detail::Full : Detail::Normal));
    }
    return verdict.lossless ? kDone : kFailed;
  }
};

}  // namespace

constinit const CommandEntry kDoctorCommand{
    "doctor", "Try each handover in a private network; show what this host can do", make_command<Doctor>,
    "  rollctl doctor\n"
    "  rollctl doctor --json\n"};

}  // namespace rollctl
