// SPDX-License-Identifier: MIT
#include "doctor/examine_host.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "doctor/handover_trial.h"
#include "doctor/host_folders.h"
#include "doctor/http_close_check.h"
#include "doctor/orphan_trial.h"
#include "doctor/shim_trial.h"
#include "doctor/take_trial.h"

namespace rollctl {

namespace {

// Limits of one trial, and of all together.
class Patience {
 public:
  [[nodiscard]] Millis next() const {
    const auto left = std::chrono::duration_cast<Millis>(end_ - std::chrono::steady_clock::now());
    return std::clamp(left, kLeast, kMost);
  }

 private:
  static constexpr Millis kMost{3000};
  static constexpr Millis kLeast{100};
  static constexpr Millis kAll{9000};
  TimePoint end_ = std::chrono::steady_clock::now() + kAll;
};

}  // namespace

std::vector<HostCheck> examine_host(const Result<Paths>& paths) {
  const Patience patience;
  std::vector<HostCheck> checks{try_ebpf_steering(patience.next()),
                                try_classic_steering(patience.next()),
                                check_classic_fault(),
                                try_migration(patience.next()),
                                try_migration_wakeup(patience.next()),
                                try_taking_listeners(patience.next())};
  if (::geteuid() == 0) checks.push_back(try_taking_of_other_user(patience.next()));
  checks.push_back(try_http_close_drain(patience.next()));
  checks.push_back(check_grace_period(patience.next()));
  checks.push_back(check_socket_list(patience.next()));
  checks.push_back(try_shim(paths, patience.next()));
  checks.push_back(try_orphans(patience.next()));
  for (HostCheck& check : check_folders(::geteuid(), paths)) checks.push_back(std::move(check));
  return checks;
}

}  // namespace rollctl
