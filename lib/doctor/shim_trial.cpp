// SPDX-License-Identifier: MIT
#include "doctor/shim_trial.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "loop/loop.h"
#include "process/waiting_shim.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

constexpr Millis kTrialPatience{2000};
constexpr Millis kDrainDeadline{1000};
constexpr const char* kHint = "install the package rollctl again, or set ROLLCTL_LIBEXEC_DIR";

// Removed, with whatever a failed trial left in it.
class Folder {
 public:
  static Result<Folder> make() {
    std::error_code failure;
    const fs::path place = fs::temp_directory_path(failure);
    std::string path = (failure ? fs::path("/tmp") : place) / "rollctl-doctor.XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return fail(last_os_failure("cannot make a folder like " + path));
    return Folder(std::move(path));
  }
  Folder(Folder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Folder& operator=(Folder&&) = delete;
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string run_dir() const { return path_ + "/1"; }

 private:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

LaunchSpec trial_of(const std::string& shim_program, const std::string& run_dir) {
  LaunchSpec spec;
  spec.app = "doctor";
  spec.release = "trial";
  spec.generation = 1;
  spec.instance = 1;
  spec.argv = {shim_program, "--version"};
  spec.run_dir = run_dir;
  spec.restart = RestartPolicy::Never;
  return spec;
}

struct Seen {
  bool launched = false;
  bool gone = false;
  std::optional<std::string> failure;
};

void note(Seen& seen, const ShimEvent& event) {
  if (event.kind == ShimEvent::Kind::Launched) seen.launched = true;
  if (event.kind == ShimEvent::Kind::Gone) seen.gone = true;
  if (event.kind == ShimEvent::Kind::LaunchFailed) seen.failure = event.message;
}

Result<std::string> run_a_shim(const std::string& program) {
  const auto folder = Folder::make();
  if (!folder) return fail(folder.error());
  const std::string run_dir = folder->run_dir();
  if (::mkdir(run_dir.c_str(), 0755) != 0) return fail(last_os_failure("cannot make " + run_dir));
  const auto loop = Loop::create();
  if (!loop) return fail(loop.error());
  const LaunchSpec spec = trial_of(program, run_dir);
  auto waiting = WaitingShim::start(program, spec);
  if (!waiting) return fail(waiting.error());
  Seen seen;
  Acknowledgement intent{Status()};
  auto client = (*waiting)->launch(**loop, spec, intent, [&](const ShimEvent& event) { note(seen, event); });
  if (!client) return fail(client.error());
  (*loop)->run_until([&] { return seen.launched || seen.gone || seen.failure; },
                     (*loop)->now() + kTrialPatience);
  if (seen.failure) return fail(ErrorKind::Failed, *seen.failure);
  if (!seen.launched) return fail(ErrorKind::Failed, program + " runs, but starts no server");
  if (Status drained = (*client)->drain({SIGTERM, kDrainDeadline}).await(); !drained && !seen.gone)
    return fail(drained.error());
  (*loop)->run_until([&] { return seen.gone; }, (*loop)->now() + kTrialPatience);
  if (!seen.gone) return fail(ErrorKind::Failed, program + " does not end with its server");
  return program + " starts a server, and ends with it";
}

}  // namespace

HostCheck try_shim(const Result<Paths>& paths, Millis limit) {
  constexpr const char* kName = "shim";
  HostCheck check = paths ? check_apart(kName, limit,
                                        [&] {
                                          auto found = run_a_shim(paths->shim_program());
                                          if (!found && found.error().hint.empty())
                                            found.error().hint = kHint;
                                          return make_check(kName, found);
                                        })
                          : make_check(kName, fail(paths.error()));
  check.need = HostCheck::Need::Always;
  return check;
}

}  // namespace rollctl
