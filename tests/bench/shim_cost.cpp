// SPDX-License-Identifier: MIT
// What an idle shim costs: its proportional set size, alone and among four, and how often it wakes up in 10
// s. Run it from a release build.
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <optional>

#include "faults/rolled_app.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int kMostKibibytes = 1536;
constexpr auto kPatience = 30s;

int proportional_kibibytes(pid_t pid) {
  std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid));
  for (std::string line; std::getline(rollup, line);)
    if (line.starts_with("Pss:")) return std::stoi(line.substr(4));
  return -1;
}

// System calls of ten seconds. Those of the first one do not count: strace interrupts what the shim waits in,
// and it begins to wait again.
int wake_ups(pid_t pid, const std::string& trace) {
  const auto traced =
      run_child({.argv = {"timeout", "11", "strace", "-qq", "-ttt", "-o", trace, "-p", std::to_string(pid)}},
                kPatience);
  if (!traced) return -1;
  int calls = 0;
  std::optional<double> attached;
  std::ifstream lines(trace);
  for (std::string line; std::getline(lines, line);) {
    const double time = std::stod(line);
    if (!attached) attached = time;
    calls += time > *attached + 1 ? 1 : 0;
  }
  return calls;
}

int run() {
  if (const auto reason = net_namespace_unavailable()) {
    fmt::print(stderr, "shim_cost: {}\n", *reason);
    return 2;
  }
  if (!enter_net_namespace()) return 2;
  auto app = RolledApp::create(httpd_app_file(1));
  if (!app) return 2;
  bool within = true;
  fmt::print("{:<10} {:>16} {:>22}\n", "instances", "PSS of each, KiB", "system calls in 10 s");
  for (const int instances : {1, 4}) {
    // Twice, so that these shims have been through a handover, too.
    for (const char* release : {"v1", "v2"}) {
      const RunResult deployed = app->run(
          {"deploy", "web", fmt::format("{}.{}", release, instances), "-n", std::to_string(instances), "-q"});
      if (deployed.exit != ChildExit::with_code(0)) {
        fmt::print(stderr, "{}", deployed.errors);
        return 2;
      }
    }
    std::string sizes;
    int calls = 0;
    const json now = app->status();
    for (const json& instance : now["instances"]) {
      const int size = proportional_kibibytes(instance["shim_pid"]);
      within = within && size > 0 && size <= kMostKibibytes;
      sizes += fmt::format(" {}", size);
      if (sizes.find(' ', 1) == std::string::npos) calls = wake_ups(instance["shim_pid"], app->path("trace"));
    }
    within = within && calls == 0;
    fmt::print("{:<10} {:>16} {:>22}\n", instances, sizes, calls);
  }
  (void)app->run({"stop", "web"});
  fmt::print("{}\n", within ? "within what is allowed" : "MORE than is allowed");
  return within ? 0 : 1;
}

}  // namespace
}  // namespace rollctl::test

int main() {
  return rollctl::test::run();
}
