// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "net/take_trial.h"
#include "rollctl/commands.h"
#include "rollctl/exit_status.h"
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

// A trial that hangs holds up the others only so long, and all of them together the user.
class Patience {
 public:
  [[nodiscard]] Millis next() const {
    const auto left = std::chrono::duration_cast<Millis>(end_ - std::chrono::steady_clock::now());
    return std::clamp(left, kLeast, kMost);
  }

 private:
  static constexpr Millis kMost{700};
  static constexpr Millis kLeast{100};
  static constexpr Millis kAll{2600};
  TimePoint end_ = std::chrono::steady_clock::now() + kAll;
};

std::vector<HostCheck> check_host() {
  const Patience patience;
  std::vector<HostCheck> checks{try_ebpf_steering(patience.next()),    try_classic_steering(patience.next()),
                                try_migration(patience.next()),        try_migration_wakeup(patience.next()),
                                try_taking_listeners(patience.next()), check_grace_period(patience.next())};
  for (HostCheck& check : check_folders(::geteuid(), Context::paths())) checks.push_back(std::move(check));
  return checks;
}

class Doctor final : public CliCommand {
 public:
  void declare(Options&) override {}

  int run(Context& context) override {
    const std::vector<HostCheck> checks = check_host();
    const HostVerdict verdict = judge_host(
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
    "doctor", "Tell what this host can do, tried in a private network", make_command<Doctor>};

}  // namespace roll
