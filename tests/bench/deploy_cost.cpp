// SPDX-License-Identifier: MIT
// What a deploy of one instance costs, compared to the bare floor: a program spawns the new server, waits for
// READY=1, sends SIGTERM to the old one and waits for its exit. See README.md.
#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "bpf/grace_period.h"
#include "faults/rolled_app.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kRounds = 15;
constexpr auto kPatience = 30s;
constexpr auto kRest = 20ms;  // before each replacement, as in production, where one comes alone
constexpr double kTimesTheFloor = 3.5;

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

// The programs as a package lays them out: without debug symbols, and written to the disk in one go. What the
// linker has written piece by piece stands in the page cache in pieces, too, and costs 0.4 ms more to map and
// to unmap.
class Installed {
 public:
  static std::optional<Installed> create() {
    std::string dir = fs::temp_directory_path() / "roll-installed-XXXXXX";
    if (mkdtemp(dir.data()) == nullptr) return std::nullopt;
    Installed installed(dir);
    for (const std::string program : {"rollctl", "roll-shim", "roll-httpd"}) {
      const auto stripped =
          run_child({.argv = {"strip", "-o", dir + "/" + program, program_path(program)}}, kPatience);
      if (stripped && stripped->exit == ChildExit::with_code(0)) continue;
      fmt::print(stderr, "cannot strip {}: {}\n", program, stripped ? stripped->errors : "");
      return std::nullopt;
    }
    ::sync();  // so that no sync of a journal has to write them
    return installed;
  }
  Installed(Installed&& other) noexcept : dir_(std::exchange(other.dir_, {})) {}
  Installed& operator=(Installed&&) = delete;
  ~Installed() {
    if (!dir_.empty()) fs::remove_all(dir_);
  }

  [[nodiscard]] const std::string& folder() const { return dir_; }

 private:
  explicit Installed(std::string dir) : dir_(std::move(dir)) {}
  std::string dir_;
};

// The bare floor; what the servers print goes nowhere.
class Floor {
 public:
  Floor(const Installed& programs, std::string root)
      : server_(programs.folder() + "/roll-httpd"), root_(std::move(root)) {
    address_.sun_family = AF_UNIX;
    (root_ + "/notify.sock").copy(address_.sun_path, sizeof address_.sun_path - 1);
    socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0)
      fmt::print(stderr, "cannot bind {}\n", address_.sun_path);
  }

  bool replace() {
    auto fresh = ChildProcess::spawn({.argv = {server_, "--listen", "127.0.0.1:8081", "--root", root_},
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
  std::string server_;
  std::string root_;
  sockaddr_un address_{};
  Fd socket_;
  std::vector<ChildProcess> serving_;
};

// Through no pipe either; what goes wrong it says itself.
bool deploy(const RolledApp& app, const std::string& release) {
  ChildSpec spec = app.command({"deploy", "web", release, "--quiet"});
  spec.output = Output::Inherit;
  auto rollctl = ChildProcess::spawn(std::move(spec));
  return rollctl && rollctl->wait(kPatience) == ChildExit::with_code(0);
}

struct Measured {
  double floor = 0;
  double deploy = 0;
  double grace = 0;                      // that of a settle where nobody came
  std::map<std::string, double> phases;  // milliseconds since rollctl was started, by event

  [[nodiscard]] double allowed() const { return kTimesTheFloor * floor + grace; }
};

bool measure(const Installed& programs, const std::string& base, Measured& result) {
  auto app = RolledApp::create(app_file(), {.base = base, .programs = programs.folder()});
  if (!app) return false;
  Floor floor(programs, app->path("www"));
  std::vector<double> floors;
  std::vector<double> deploys;
  std::vector<double> graces;
  std::map<std::string, std::vector<double>> phases;
  for (int round = -1; round < kRounds; ++round) {
    std::this_thread::sleep_for(kRest);
    const auto begun = Clock::now();
    if (!floor.replace()) return false;
    const auto replaced = Clock::now();
    std::this_thread::sleep_for(kRest);
    const WallTime started = SystemClock().wall_now();
    const auto deploying = Clock::now();
    if (!deploy(*app, fmt::format("v{}", round + 1))) return false;
    const auto done = Clock::now();
    if (round < 0) continue;  // nothing to replace yet
    floors.push_back(milliseconds(replaced - begun));
    deploys.push_back(milliseconds(done - deploying));
    const auto before_grace = Clock::now();
    grace_period();
    graces.push_back(milliseconds(Clock::now() - before_grace));
    for (const json& event : app->journal()) {
      if (event["generation"] != round + 2) continue;
      const WallTime time = parse_time(event["time"].get<std::string>()).value_or(WallTime());
      phases[event["event"]].push_back(std::chrono::duration<double, std::milli>(time - started).count());
    }
  }
  result = {median(floors), median(deploys), median(graces), {}};
  for (const auto& [name, times] : phases) result.phases[name] = median(times);
  return app->run({"stop", "web"}).exit == ChildExit::with_code(0);
}

// The deploy passes between four processes many times, the floor twice, and every time somebody else may run
// in between: both, and all that they start, come before what else the machine does.
bool come_before_others() {
  constexpr int kPriority = 10;
  sched_param parameters{};
  parameters.sched_priority = kPriority;
  if (::sched_setscheduler(0, SCHED_RR, &parameters) == 0) return true;
  fmt::print(stderr, "deploy_cost: cannot take a real-time priority\n");
  return false;
}

int run() {
  if (const auto reason = net_namespace_unavailable()) {
    fmt::print(stderr, "deploy_cost: {}\n", *reason);
    return 2;
  }
  if (!enter_net_namespace() || !come_before_others()) return 2;
  const auto programs = Installed::create();
  if (!programs) return 2;
  bool all_within = true;
  fmt::print("Medians of {}, in ms. Allowed: {:g} times the floor, and the grace period of a settle.\n\n",
             kRounds, kTimesTheFloor);
  fmt::print("{:<16} {:>7} {:>7} {:>7} {:>8} {:>6}\n", "state in", "floor", "grace", "deploy", "allowed",
             "ratio");
  std::string breakdown;
  const std::string on_disk = fs::temp_directory_path();
  for (const std::string& base : {on_disk, std::string("/dev/shm")}) {
    Measured measured;
    if (!measure(*programs, base, measured)) return 2;
    const bool within = measured.deploy <= measured.allowed();
    all_within = all_within && within;
    fmt::print("{:<16} {:>7.1f} {:>7.2f} {:>7.1f} {:>8.1f} {:>6.2f}  {}\n", base, measured.floor,
               measured.grace, measured.deploy, measured.allowed(),
               (measured.deploy - measured.grace) / measured.floor, within ? "within" : "MORE");
    std::vector<std::pair<double, std::string>> line;
    for (const auto& [name, time] : measured.phases) line.emplace_back(time, name);
    line.emplace_back(measured.deploy, "rollctl has ended");
    std::stable_sort(line.begin(), line.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    breakdown += fmt::format("\n{}: ms since rollctl was started (to the journal's millisecond)\n", base);
    for (const auto& [time, name] : line) breakdown += fmt::format("  {:>6.1f} {}\n", time, name);
  }
  fmt::print("{}\n{}\n", breakdown, all_within ? "within what is allowed" : "MORE than is allowed");
  return all_within ? 0 : 1;
}

}  // namespace
}  // namespace rollctl::test

int main() {
  return rollctl::test::run();
}
