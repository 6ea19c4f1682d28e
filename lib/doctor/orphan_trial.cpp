// SPDX-License-Identifier: MIT
#include "doctor/orphan_trial.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/fd.h"

namespace rollctl {

namespace {

constexpr Millis kPatience{500};
constexpr Millis kPause{2};

// An orphan that lives until `go` is closed everywhere else.
Result<pid_t> start_orphan(Fd& go) {
  auto told = make_pipe();
  if (!told) return fail(told.error());
  auto held = make_pipe();
  if (!held) return fail(held.error());
  const pid_t child = ::fork();
  if (child < 0) return fail(last_os_failure("cannot fork"));
  if (child == 0) {
    held->write.reset();
    const pid_t orphan = ::fork();
    if (orphan == 0) {
      told->write.reset();
      char nothing = 0;
      (void)!::read(held->read.get(), &nothing, 1);
      ::_exit(0);
    }
    (void)!::write(told->write.get(), &orphan, sizeof orphan);
    ::_exit(0);
  }
  told->write.reset();
  pid_t orphan = -1;
  const ssize_t got = ::read(told->read.get(), &orphan, sizeof orphan);
  ::waitpid(child, nullptr, 0);
  if (got != sizeof orphan || orphan < 0) return fail(ErrorKind::Failed, "cannot start an orphan");
  go = std::move(held->write);
  return orphan;
}

// "pid 1 (systemd)"
std::string parent_of(pid_t orphan) {
  std::ifstream stat(fmt::format("/proc/{}/stat", orphan));
  std::string pid;
  std::string name;
  std::string state;
  pid_t parent = 0;
  if (!(stat >> pid >> name >> state >> parent)) return "the process that orphans go to";
  std::ifstream comm(fmt::format("/proc/{}/comm", parent));
  std::string called;
  std::getline(comm, called);
  return fmt::format("pid {} ({})", parent, called);
}

Result<std::string> await_reaping() {
  Fd go;
  const auto orphan = start_orphan(go);
  if (!orphan) return fail(orphan.error());
  const std::string parent = parent_of(*orphan);
  go.reset();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::error_code failure;
  while (std::chrono::steady_clock::now() < deadline) {
    if (!std::filesystem::exists(fmt::format("/proc/{}", *orphan), failure))
      return parent + " waits for orphans that end";
    std::this_thread::sleep_for(kPause);
  }
  return fail(ErrorKind::Unsupported,
              parent + " does not wait for orphans: each roll-shim that ends stays as a zombie",
              "start the container with an init: docker run --init, or `init: true` in a compose file");
}

}  // namespace

HostCheck try_orphans(Millis limit) {
  return check_apart("orphans", limit, [] { return make_check("orphans", await_reaping()); });
}

}  // namespace rollctl
