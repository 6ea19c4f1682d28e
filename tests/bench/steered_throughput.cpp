// SPDX-License-Identifier: MIT
// What an attached steering program costs a server: connections answered a second with it and without, in
// alternating windows of one run. See README.md.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include "faults/client_load.h"
#include "faults/rolled_app.h"
#include "net/process_sockets.h"
#include "steering/ebpf_steering.h"

namespace rollctl::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int kPairs = 9;
constexpr auto kWindow = 2s;
constexpr double kAtLeast = 0.98;

// The app's instances, steered to in equal shares, as after a shift.
class Steered {
 public:
  static Result<Steered> begin(const std::vector<std::pair<InstanceId, ProcessId>>& servers) {
    auto steering = EbpfSteering::create();
    if (!steering) return fail(steering.error());
    auto diag = SockDiag::create();
    if (!diag) return fail(diag.error());
    const auto address = ListenAddress::parse("127.0.0.1:8080");
    Rotation rotation;
    for (const auto& [id, server] : servers) {
      auto taken = listeners_of(*diag, server, std::array{*address});
      if (!taken) return fail(taken.error());
      std::vector<Listener> listeners;
      for (TakenListener& listener : *taken)
        listeners.push_back({std::move(listener.fd), listener.socket.bound, listener.socket.inode});
      if (Status added = (*steering)->add(id, server, std::move(listeners)); !added)
        return fail(added.error());
      rotation[id] = 1;
    }
    if (Status shifted = (*steering)->shift(rotation); !shifted) return fail(shifted.error());
    return Steered(std::move(*steering));
  }
  Status end() { return steering_->detach(); }

 private:
  explicit Steered(std::unique_ptr<EbpfSteering> steering) : steering_(std::move(steering)) {}
  std::unique_ptr<EbpfSteering> steering_;
};

double answered(ClientLoad& load) {
  return load.snapshot()["answered"].get<double>();
}

double rate(ClientLoad& load) {
  const double before = answered(load);
  const auto began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(kWindow);
  const double after = answered(load);
  return (after - before) / std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

int run() {
  const auto give_up = [](const Error& error) {
    fmt::print(stderr, "{}\n", error.message);
    return 2;
  };
  if (const auto reason = net_namespace_unavailable())
    return give_up({ErrorKind::NotPermitted, 0, *reason, {}});
  if (Status entered = enter_net_namespace(); !entered) return give_up(entered.error());
  auto app = RolledApp::create(httpd_app_file(2));
  if (!app) return give_up(app.error());
  if (const RunResult deployed = app->run({"deploy", "web", "v1"});
      deployed.exit != ChildExit::with_code(0)) {
    fmt::print(stderr, "{}", deployed.errors);
    return 2;
  }
  std::vector<std::pair<InstanceId, ProcessId>> servers;
  for (const json& instance : app->status()["instances"]) {
    const auto process = ProcessRef::open(instance["pid"].get<pid_t>());
    if (!process) return give_up(process.error());
    servers.emplace_back(instance["id"], process->id());
  }
  auto load = ClientLoad::begin({"--connect", "64"});
  if (!load) return give_up(load.error());

  std::vector<double> ratios;
  fmt::print("connections answered a second, in windows of {} s\n\n   with  without  ratio\n",
             kWindow.count());
  for (int pair = 0; pair < kPairs; ++pair) {
    const auto with_program = [&]() -> Result<double> {
      auto steered = Steered::begin(servers);
      if (!steered) return fail(steered.error());
      const double with = rate(*load);
      if (Status ended = steered->end(); !ended) return fail(ended.error());
      return with;
    };
    // Whoever goes first may find the machine in another mood.
    const bool program_first = pair % 2 == 0;
    double without = program_first ? 0 : rate(*load);
    const auto with = with_program();
    if (!with) return give_up(with.error());
    if (program_first) without = rate(*load);
    ratios.push_back(*with / without);
    fmt::print("{:7.0f}  {:7.0f}  {:5.3f}\n", *with, without, ratios.back());
  }
  std::sort(ratios.begin(), ratios.end());
  const double median = ratios[ratios.size() / 2];
  const json books = load->end();
  fmt::print("\nmedian {:.3f}, at least {:.2f} is wanted; {}\n", median, kAtLeast, summary_of(books));
  (void)app->run({"stop", "web"});
  return median >= kAtLeast && books["failed"] == 0 ? 0 : 1;
}

}  // namespace
}  // namespace rollctl::test

int main() {
  return rollctl::test::run();
}
