// SPDX-License-Identifier: MIT
// What a deploy of one instance costs, compared to the bare floor: a program spawns the new server, waits for
// READY=1, sends SIGTERM to the old one and waits for its exit. Run it from a release build, on a quiet
// machine.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <map>
#include <vector>

#include "base/duration.h"
#include "faults/rolled_app.h"

namespace roll::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kRounds = 15;
constexpr auto kPatience = 30s;
constexpr double kTimesTheFloor = 3;

double milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string app_file() {
  return R"(command = ["$BIN/roll-httpd", "--listen", "{listen}", "--root", "$ROOT"]
listen = ["127.0.0.1:8080"]
handover = "steer"
[ready]
kind = "notify"
)";
}

// The bare floor, with the servers' output where rollctl has it: in a file, or nowhere.
class Floor {
 public:
  explicit Floor(std::string root) : root_(std::move(root)) {
    address_.sun_family = AF_UNIX;
    (root_ + "/notify.sock").copy(address_.sun_path, sizeof address_.sun_path - 1);
    socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0)
      fmt::print(stderr, "cannot bind {}\n", address_.sun_path);
  }

  bool replace() {
    auto fresh = ChildProcess::spawn(
        {.argv = {program_path("roll-httpd"), "--listen", "127.0.0.1:8081", "--root", root_},
         .env = {std::string("NOTIFY_SOCKET=") + address_.sun_path},
         .output = Output::Discard});
    if (!fresh) return false;
    for (std::string message; message.find("READY=1") == std::string::npos;) {
      std::array<char, 512> buffer{};
      const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (got <= 0) return false;
      message.assign(buffer.data(), static_cast<size_t>(got));
    }
    if (!serving_.empty() && !serving_.front().stop(SIGTERM, kPatience)) return false;
    serving_.clear();
    serving_.push_back(std::move(*fresh));
    return true;
  }

 private:
  std::string root_;
  sockaddr_un address_{};
  Fd socket_;
  std::vector<ChildProcess> serving_;
};

struct Measured {
  double floor = 0;
  double deploy = 0;
  double settle = 0;
  std::map<std::string, double> phases;  // milliseconds from deploy.started, by event
};

bool measure(const std::string& base, Measured& result) {
  auto app = RolledApp::create(app_file(), base);
  if (!app) return false;
  Floor floor(app->path("www"));
  std::vector<double> floors;
  std::vector<double> deploys;
  std::vector<double> settles;
  std::map<std::string, std::vector<double>> phases;
  for (int round = -1; round < kRounds; ++round) {
    const auto begun = Clock::now();
    if (!floor.replace()) return false;
    const auto replaced = Clock::now();
    const RunResult deployed = app->run({"deploy", "web", fmt::format("v{}", round + 1), "--quiet"});
    const auto done = Clock::now();
    if (deployed.exit != ChildExit::with_code(0)) {
      fmt::print(stderr, "{}", deployed.errors);
      return false;
    }
    if (round < 0) continue;  // nothing to replace yet
    floors.push_back(milliseconds(replaced - begun));
    deploys.push_back(milliseconds(done - replaced));
    WallTime started{};
    for (const json& event : app->journal()) {
      const std::string name = event["event"];
      const WallTime time = parse_time(event["time"].get<std::string>()).value_or(WallTime());
      if (name == "deploy.started") started = time;
      if (event["generation"] != round + 2) continue;
      phases[name].push_back(std::chrono::duration<double, std::milli>(time - started).count());
      if (name == "instance.settled") settles.push_back(event["after_ms"]);
    }
  }
  result = {median(floors), median(deploys), median(settles), {}};
  for (const auto& [name, times] : phases) result.phases[name] = median(times);
  return app->run({"stop", "web"}).exit == ChildExit::with_code(0);
}

int run() {
  if (const auto reason = net_namespace_unavailable()) {
    fmt::print(stderr, "deploy_cost: {}\n", *reason);
    return 2;
  }
  if (!enter_net_namespace()) return 2;
  bool within = true;
  fmt::print("Medians of {}, in ms.\n{:<28} {:>8} {:>8} {:>8} {:>8} {:>8}\n", kRounds, "state directory",
             "floor", "deploy", "settle", "allowed", "ratio");
  const std::string on_disk = fs::temp_directory_path();
  for (const std::string& base : {on_disk, std::string("/dev/shm")}) {
    Measured measured;
    if (!measure(base, measured)) return 2;
    const double allowed = kTimesTheFloor * measured.floor + measured.settle;
    within = within && measured.deploy <= allowed;
    fmt::print("{:<28} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.2f}\n", base, measured.floor, measured.deploy,
               measured.settle, allowed, (measured.deploy - measured.settle) / measured.floor);
    std::vector<std::pair<double, std::string>> line;
    for (const auto& [name, time] : measured.phases) line.emplace_back(time, name);
    std::sort(line.begin(), line.end());
    for (const auto& [time, name] : line) fmt::print("    {:>6.1f} {}\n", time, name);
  }
  fmt::print("{}\n", within ? "within what is allowed" : "MORE than is allowed");
  return within ? 0 : 1;
}

}  // namespace
}  // namespace roll::test

int main() {
  return roll::test::run();
}
