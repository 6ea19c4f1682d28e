// SPDX-License-Identifier: MIT
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/child_process.h"
#include "support/net_namespace.h"
#include "support/residents.h"

namespace rollctl::test {

using nlohmann::json;
using namespace std::chrono_literals;

inline constexpr Millis kLong{30'000};  // limit for expected events; the machine may be busy
inline constexpr const char* kAddress = "127.0.0.1:8080";

// The answer to a client.
struct ClientAnswer {
  int status = 0;
  std::string release;
  std::string instance;
};
// One GET on a new connection. The error is what a client would see.
Result<ClientAnswer> get(const std::string& address = kAddress, const std::string& path = "/",
                         Millis timeout = kLong);

// A client that stays connected until it is destroyed.
Result<Fd> connect_client(const std::string& address = kAddress);

// Clients that send requests one after the other, each on a new connection, until stopped. They never retry.
class Clients {
 public:
  explicit Clients(std::string address = kAddress);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // The failures; empty if there were none.
  std::vector<std::string> stop();
  // Blocks until so many more requests were answered.
  void await_answers(int count) const;

 private:
  void run();

  std::string address_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> answered_{0};
  std::vector<std::string> failures_;
  std::thread thread_;
};

// An app file whose server is stub_server.
struct StubApp {
  std::vector<std::string> behaviours = {};
  std::vector<std::string> listen = {kAddress};
  int instances = 1;
  std::string keys = {};    // further top-level lines
  std::string tables = {};  // further tables
};

// The output and exit of a rollctl that has ended.
struct Said {
  ChildExit exit;
  std::string out;
  std::string err;

  [[nodiscard]] std::vector<json> lines() const;            // of --json
  [[nodiscard]] json event(const std::string& name) const;  // the last event of that name, or null
  [[nodiscard]] std::vector<std::string> event_names() const;
};
void PrintTo(const Said& said, std::ostream* out);  // NOLINT(readability-identifier-naming): gtest's name

MATCHER_P(ExitsWith, code, "") {
  return arg.exit == ChildExit::with_code(code);
}
MATCHER_P(Complains, text, "") {
  return arg.err.find(text) != std::string::npos;
}
MATCHER_P(Says, text, "") {
  return arg.out.find(text) != std::string::npos;
}

// Runs the real rollctl with private folders and a private network. TearDown() stops all apps and checks that
// nothing is left: no process, no instance folder, no steering, no descriptor of this process.
class AppTest : public NetNamespaceTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  [[nodiscard]] std::string path(const std::string& name) const { return dir_ + "/" + name; }
  [[nodiscard]] std::string app_path(const std::string& app = "web") const {
    return path("config/" + app + ".toml");
  }
  [[nodiscard]] std::string journal_path(const std::string& app = "web") const {
    return path("state/" + app + "/journal.jsonl");
  }
  static void write(const std::string& path, const std::string& text);
  static std::string read(const std::string& path);

  void write_app(const std::string& text, const std::string& app = "web") const {
    write(app_path(app), text);
  }
  void write_app(const StubApp& stub, const std::string& app = "web") const { write_app(text_of(stub), app); }
  // From now on rollctl runs as that user, without capabilities, in that user's folders.
  void run_as(uid_t uid);
  // From now on rollctl is executed by this program, which is executed with these arguments: setpriv(1).
  void run_below(std::vector<std::string> command) { above_ = std::move(command); }
  [[nodiscard]] std::string text_of(const StubApp& stub) const;

  [[nodiscard]] ChildSpec rollctl_spec(std::vector<std::string> arguments) const;
  Said rollctl(std::vector<std::string> arguments) const;
  ChildProcess start(std::vector<std::string> arguments) const;
  // Both write the app file first; the first also expects success.
  void deploy(const std::string& release, const StubApp& stub = {}) const;
  Said try_deploy(const std::string& release, const StubApp& stub,
                  std::vector<std::string> options = {}) const;

  // Reads lines of `--json` until that event.
  static json await_event(ChildProcess& child, const std::string& name);
  static Said finish(ChildProcess& child);

  [[nodiscard]] json status(const std::string& app = "web") const;
  [[nodiscard]] std::vector<json> journal(const std::string& app = "web") const;
  // The first instance of that release.
  [[nodiscard]] json instance_of(const std::string& release) const;

  // The content of the common --count-file of the stub servers.
  [[nodiscard]] std::vector<json> server_events() const;
  [[nodiscard]] int count_server_events(const std::function<bool(const json&)>& counts) const;
  // One of its stub_servers does.
  void await_listening(const std::string& release) const;
  // Polls until it holds, for at most kLong.
  static void await(const char* what, const std::function<bool()>& holds);

  // Expects that only this release serves, with so many instances, and that no other instance runs.
  void expect_only(const std::string& release, int instances = 1) const;

  static void kill_process(pid_t pid, int signal = SIGKILL);

  // The last process of an instance may exit a moment after it reported its end.
  static void await_no_process();
  // Expects that no shim holds a steering.
  static bool nobody_holds_steering();

  std::string dir_;

 private:
  void census();
  void stop_apps();
  size_t descriptors_ = 0;
  std::optional<uid_t> uid_;
  std::vector<std::string> above_;
};

}  // namespace rollctl::test
