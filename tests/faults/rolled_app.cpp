// SPDX-License-Identifier: MIT
#include "faults/rolled_app.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/atomic_file.h"
#include "base/process_ref.h"
#include "support/descriptors.h"
#include "support/json_lines.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto kPatience = 60s;
constexpr std::array kPrograms = {"roll-shim", "roll-httpd", "stub_server"};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

std::string folder_for_tests() {
  return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : fs::temp_directory_path().string();
}

enum class Steered { No, Yes, Unknown };

// Detaching says ENOENT where nothing is attached. A server's descriptors are tried until a listener is
// found.
Steered steering_of(pid_t pid) {
  const auto process = ProcessRef::open(pid);
  if (!process) return Steered::Unknown;
  for (const auto& [fd, target] : descriptors_of(pid)) {
    if (!target.starts_with("socket:")) continue;
    const auto taken = process->take_fd(fd);
    if (!taken) continue;
    int listens = 0;
    socklen_t size = sizeof listens;
    if (getsockopt(taken->get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) continue;
    const int nothing = 0;
    const int detached =
        setsockopt(taken->get(), SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &nothing, sizeof nothing);
    if (detached == 0) return Steered::Yes;
    return errno == ENOENT ? Steered::No : Steered::Unknown;
  }
  return Steered::Unknown;
}

size_t count_residents(const std::string& program) {
  const auto all = residents();
  return static_cast<size_t>(
      std::count_if(all.begin(), all.end(), [&](const Resident& one) { return one.program == program; }));
}

// At its end LeakSanitizer stops its own process with ptrace, which fails where strace follows that process.
std::string without_leak_check() {
  const char* options = std::getenv("ASAN_OPTIONS");
  return fmt::format("ASAN_OPTIONS={}:detect_leaks=0", options == nullptr ? "" : options);
}

}  // namespace

Result<RolledApp> RolledApp::create(const std::string& app_file, Settings settings) {
  if (settings.base.empty()) settings.base = folder_for_tests();
  if (settings.programs.empty()) settings.programs = fs::path(program_path("rollctl")).parent_path();
  const std::optional<uid_t> uid = settings.uid;
  std::string dir = settings.base + "/roll-rolled-XXXXXX";
  std::string runtime_dir = folder_for_tests() + "/roll-rolled-run-XXXXXX";
  for (std::string* made : {&dir, &runtime_dir}) {
    if (mkdtemp(made->data()) == nullptr) return fail(ErrorKind::Failed, "cannot make " + *made);
    if (uid && chown(made->c_str(), *uid, *uid) != 0)
      return fail(last_os_failure("cannot give " + *made + " away"));
  }
  RolledApp app(dir, runtime_dir, std::move(settings));
  fs::create_directories(dir + "/etc");
  fs::create_directories(dir + "/www");
  std::ofstream(dir + "/www/index.html") << "hello\n";
  app.write_app_file(app_file);
  return app;
}

void RolledApp::write_app_file(const std::string& app_file) const {
  std::ofstream(path("etc/web.toml"))
      << replaced(replaced(app_file, "$ROOT", path("www")), "$BIN", settings_.programs);
}

RolledApp::~RolledApp() {
  if (dir_.empty()) return;
  // Shims first, so that none of them starts its server again.
  for (const std::string program : kPrograms) {
    for (const Resident& one : residents()) {
      if (one.program != program) continue;
      if (const auto process = ProcessRef::open(one.id)) (void)process->send_signal(SIGKILL);
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
  std::filesystem::remove_all(runtime_dir_, ignored);
}

ChildSpec RolledApp::command(const std::vector<std::string>& arguments,
                             const std::vector<std::string>& wrapper) const {
  ChildSpec spec;
  spec.argv = wrapper;
  spec.argv.push_back(settings_.programs + "/rollctl");
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  spec.uid = settings_.uid;
  spec.env = {"ROLLCTL_CONFIG_DIR=" + path("etc"), "ROLLCTL_RUNTIME_DIR=" + runtime_dir_,
              "ROLLCTL_STATE_DIR=" + path("state"), "ROLLCTL_LOG_DIR=" + path("log")};
  if (!wrapper.empty()) spec.env.push_back(without_leak_check());
  return spec;
}

RunResult RolledApp::run(const std::vector<std::string>& arguments,
                         const std::vector<std::string>& wrapper) const {
  auto result = run_child(command(arguments, wrapper), kPatience);
  EXPECT_TRUE(result) << result.error().message;
  return result ? std::move(*result) : RunResult{};
}

json RolledApp::status() const {
  return json::parse(run({"status", "web", "--json"}).output, nullptr, false);
}

std::vector<json> RolledApp::journal() const {
  return json_lines(read_file(path("state/web/journal.jsonl")).value_or(""));
}

std::vector<std::string> RolledApp::instance_folders() const {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(runtime_dir_ + "/web", missing))
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  return names;
}

std::string RolledApp::complaints(const std::string& release, size_t instances) const {
  const json now = status();
  if (!now.is_object()) return "status says nothing";
  std::string text;
  if (now["instances"].size() != instances || now["serving"] != instances || now["wanted"] != instances)
    text += fmt::format("not {} instances; ", instances);
  if (!now["deploy"].is_null()) text += "a change is unfinished; ";
  for (const json& instance : now["instances"]) {
    if (instance["release"] != release || instance["state"] != "serving" || instance["supervised"] != true)
      text += fmt::format("instance {} is not as it should be; ", instance["id"].dump());
    if (steering_of(instance["pid"]) != Steered::No)
      text += fmt::format("instance {} is steered or out of reach; ", instance["id"].dump());
    if (size_t held = steering_held_by(instance["shim_pid"]).size(); held > 0)
      text += fmt::format("the shim of instance {} holds {} descriptors of a steering; ",
                          instance["id"].dump(), held);
  }
  if (instance_folders().size() != instances) text += fmt::format("{} folders; ", instance_folders().size());
  // A shim that is over tells so, and ends a moment later.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (count_residents("roll-shim") > instances && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  if (count_residents("roll-shim") != instances)
    text += fmt::format("{} shims; ", count_residents("roll-shim"));
  const size_t servers = count_residents("roll-httpd") + count_residents("stub_server");
  if (servers != instances) text += fmt::format("{} servers; ", servers);
  return text.empty() ? text : text + now.dump();
}

std::string httpd_app_file(int instances) {
  return fmt::format(R"(command = ["$BIN/roll-httpd", "--listen", "{{listen}}", "--root", "$ROOT"]
listen = ["127.0.0.1:8080"]
instances = {}
[ready]
kind = "http"
path = "/-/readyz"
)",
                     instances);
}

}  // namespace rollctl::test
