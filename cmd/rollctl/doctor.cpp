// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "net/take_trial.h"
#include "rollctl/exit_status.h"
#include "rollctl/verbs.h"
#include "state/host_folders.h"
#include "steering/handover_trial.h"
#include "ui/doctor_view.h"

namespace roll {

namespace {

std::string own_path() {
  std::error_code failure;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failure);
  return failure ? "/usr/bin/rollctl" : path.string();
}

std::vector<HostCheck> check_host() {
  std::vector<HostCheck> checks{try_ebpf_steering(),    try_classic_steering(), try_migration(),
                                try_migration_wakeup(), try_taking_listeners(), check_grace_period()};
  for (HostCheck& check : check_folders(::geteuid(), Context::paths())) checks.push_back(std::move(check));
  return checks;
}

}  // namespace

int run_doctor(Context& context, const CommandLine&) {
  const std::vector<HostCheck> checks = check_host();
  const HostVerdict verdict =
      judge_host(best_handover(), checks, ::geteuid() == 0 ? UserKind::Root : UserKind::Ordinary, own_path());
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

}  // namespace roll
