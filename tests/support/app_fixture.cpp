// SPDX-License-Identifier: MIT
#include "support/app_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "base/address.h"
#include "support/descriptors.h"
#include "support/json_lines.h"

namespace rollctl::test {

namespace fs = std::filesystem;

namespace {

std::string quoted(const std::vector<std::string>& texts) {
  return json(texts).dump();
}

std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string header_of(const std::string& answer, const std::string& name) {
  const size_t begin = answer.find("\r\n" + name + ": ");
  if (begin == std::string::npos) return {};
  const size_t value = begin + name.size() + 4;
  return answer.substr(value, answer.find("\r\n", value) - value);
}

}  // namespace

Result<Fd> connect_client(const std::string& address) {
  const auto listen = ListenAddress::parse(address);
  if (!listen) return fail(listen.error());
  sockaddr_storage storage{};
  const socklen_t size = listen->endpoint.to_sockaddr(storage);
  Fd client(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!client || connect(client.get(), reinterpret_cast<sockaddr*>(&storage), size) < 0)
    return fail(last_os_failure("cannot connect to " + address));
  return client;
}

Result<ClientAnswer> get(const std::string& address, const std::string& path, Millis timeout) {
  auto client = connect_client(address);
  if (!client) return fail(client.error());
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  if (send(client->get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
    return fail(last_os_failure("cannot send"));
  std::string answer;
  for (;;) {
    pollfd readable{client->get(), POLLIN, 0};
    if (poll(&readable, 1, static_cast<int>(timeout.count())) == 0)
      return fail(ErrorKind::Busy, "no answer came in time");
    char buffer[4096];
    const ssize_t got = recv(client->get(), buffer, sizeof buffer, 0);
    if (got < 0) return fail(last_os_failure("cannot receive"));
    if (got == 0) break;
    answer.append(buffer, static_cast<size_t>(got));
  }
  if (!answer.starts_with("HTTP/1.1 ")) return fail(ErrorKind::Failed, "no answer: \"" + answer + "\"");
  return ClientAnswer{std::stoi(answer.substr(9, 3)), header_of(answer, "X-Release"),
                      header_of(answer, "X-Instance")};
}

Clients::Clients(std::string address) : address_(std::move(address)), thread_([this] { run(); }) {}

Clients::~Clients() {
  (void)stop();
}

void Clients::run() {
  while (!stopping_) {
    const auto answer = get(address_);
    if (!answer) {
      failures_.push_back(answer.error().message);
    } else if (answer->status != 200) {
      failures_.push_back("status " + std::to_string(answer->status));
    } else {
      ++answered_;
    }
    std::this_thread::sleep_for(1ms);  // leaves the CPUs to other processes
  }
}

void Clients::await_answers(int count) const {
  const int target = answered_ + count;
  const auto deadline = std::chrono::steady_clock::now() + kLong;
  while (answered_ < target && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
}

std::vector<std::string> Clients::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  return failures_;
}

std::vector<json> Said::lines() const {
  return json_lines(out);
}

json Said::event(const std::string& name) const {
  json last;
  for (const json& line : lines())
    if (line.value("event", "") == name) last = line;
  return last;
}

std::vector<std::string> Said::event_names() const {
  std::vector<std::string> names;
  for (const json& line : lines()) names.push_back(line.value("event", ""));
  return names;
}

void PrintTo(const Said& said, std::ostream* out) {
  *out << said.exit.text() << "\nstdout: " << said.out << "\nstderr: " << said.err;
}

void AppTest::SetUp() {
  NetNamespaceTest::SetUp();
  if (IsSkipped()) return;
  std::string pattern = (fs::temp_directory_path() / "roll-app-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  dir_ = pattern;
  chmod(dir_.c_str(), 0755);  // servers of other users
  for (const char* name : {"config", "run", "state", "log"}) fs::create_directory(path(name));
  descriptors_ = count_descriptors();
}

void AppTest::TearDown() {
  if (IsSkipped()) return;
  stop_apps();
  census();
  // Shims first, since they restart their servers; then all others.
  for (const char* kind : {"roll-shim", ""})
    for (const Resident& one : residents_called(kind)) kill_process(one.id.pid);
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

bool AppTest::nobody_holds_steering() {
  const std::vector<Resident> all = residents();
  return std::all_of(all.begin(), all.end(),
                     [](const Resident& one) { return steering_held_by(one.id.pid).empty(); });
}

void AppTest::stop_apps() {
  for (const Resident& one : residents())
    EXPECT_THAT(steering_held_by(one.id.pid), testing::IsEmpty()) << one.command << ", pid " << one.id.pid;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(path("run"), gone)) {
    const Said stopped = rollctl({"stop", entry.path().filename(), "--drain-deadline", "1s"});
    EXPECT_THAT(stopped, ExitsWith(0));
  }
}

void AppTest::await_no_process() {
  const auto deadline = std::chrono::steady_clock::now() + kLong;
  while (!residents().empty() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  for (const Resident& one : residents())
    ADD_FAILURE() << "left behind: " << one.command << " (pid " << one.id.pid << ")";
}

void AppTest::census() {
  await_no_process();
  std::error_code gone;
  for (const auto& app : fs::directory_iterator(path("run"), gone))
    for (const auto& entry : fs::directory_iterator(app.path(), gone))
      EXPECT_EQ(entry.path().filename(), "lock") << "left behind: " << entry.path();
  EXPECT_EQ(count_descriptors(), descriptors_) << "descriptors of the test itself";
}

void AppTest::write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  ASSERT_TRUE(file.flush()) << path;
}

std::string AppTest::read(const std::string& path) {
  return text_of_file(path);
}

std::string AppTest::text_of(const StubApp& stub) const {
  std::vector<std::string> command{program_path("stub_server"), "--count-file", path("servers.jsonl")};
  for (size_t index = 0; index < stub.listen.size(); ++index) {
    command.emplace_back("--listen");
    command.push_back("{listen." + std::to_string(index) + "}");
  }
  for (const std::string& behaviour : stub.behaviours) {
    command.emplace_back("--behaviour");
    command.push_back(behaviour);
  }
  return "command = " + quoted(command) + "\nlisten = " + quoted(stub.listen) +
         "\ninstances = " + std::to_string(stub.instances) + "\n" + stub.keys + "\n" + stub.tables + "\n";
}

ChildSpec AppTest::rollctl_spec(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), program_path("rollctl"));
  arguments.insert(arguments.begin(), above_.begin(), above_.end());
  return {.argv = std::move(arguments),
          .env = {"ROLLCTL_CONFIG_DIR=" + path("config"), "ROLLCTL_RUNTIME_DIR=" + path("run"),
                  "ROLLCTL_STATE_DIR=" + path("state"), "ROLLCTL_LOG_DIR=" + path("log"), "LC_ALL=C"},
          .uid = uid_};
}

void AppTest::run_as(uid_t uid) {
  write(path("servers.jsonl"), "");  // that user cannot create it there
  ASSERT_EQ(::chown(path("servers.jsonl").c_str(), uid, uid), 0);
  for (const char* name : {"config", "run", "state", "log"})
    ASSERT_EQ(chown(path(name).c_str(), uid, uid), 0) << name;
  uid_ = uid;
}

Said AppTest::rollctl(std::vector<std::string> arguments) const {
  auto ran = run_child(rollctl_spec(std::move(arguments)), 3 * kLong);
  if (!ran) {
    ADD_FAILURE() << ran.error().message;
    return {};
  }
  return {ran->exit, ran->output, ran->errors};
}

ChildProcess AppTest::start(std::vector<std::string> arguments) const {
  auto child = ChildProcess::spawn(rollctl_spec(std::move(arguments)));
  EXPECT_TRUE(child) << child.error().message;
  return std::move(*child);
}

void AppTest::deploy(const std::string& release, const StubApp& stub) const {
  ASSERT_THAT(try_deploy(release, stub), ExitsWith(0));
}

Said AppTest::try_deploy(const std::string& release, const StubApp& stub,
                         std::vector<std::string> options) const {
  write_app(stub);
  options.insert(options.begin(), {"deploy", "web", release});
  return rollctl(std::move(options));
}

json AppTest::await_event(ChildProcess& child, const std::string& name) {
  for (;;) {
    const auto line = child.read_line(kLong);
    if (!line) {
      ADD_FAILURE() << "no event " << name << ": " << line.error().message;
      return {};
    }
    json event = json::parse(*line, nullptr, false);
    if (event.is_object() && event.value("event", "") == name) return event;
  }
}

Said AppTest::finish(ChildProcess& child) {
  const auto exit = child.wait(3 * kLong);
  if (!exit) {
    ADD_FAILURE() << exit.error().message;
    return {};
  }
  return {*exit, child.output(), child.errors()};
}

json AppTest::status(const std::string& app) const {
  const auto lines = rollctl({"status", app, "--json"}).lines();
  return lines.empty() ? json::object() : lines.front();
}

std::vector<json> AppTest::journal(const std::string& app) const {
  return json_lines(read(journal_path(app)));
}

json AppTest::instance_of(const std::string& release) const {
  const json app = status();
  for (const json& instance : app.at("instances"))
    if (instance.at("release") == release) return instance;
  ADD_FAILURE() << "no instance of " << release << ": " << app;
  return {};
}

std::vector<json> AppTest::server_events() const {
  return json_lines(read(path("servers.jsonl")));
}

int AppTest::count_server_events(const std::function<bool(const json&)>& counts) const {
  const auto events = server_events();
  return static_cast<int>(std::count_if(events.begin(), events.end(), counts));
}

void AppTest::await_listening(const std::string& release) const {
  await("the release listens", [&] {
    return count_server_events([&](const json& event) {
             return event["release"] == release && event["event"] == "listen";
           }) > 0;
  });
}

void AppTest::await(const char* what, const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + kLong;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "it never came: " << what;
      return;
    }
    std::this_thread::sleep_for(2ms);
  }
}

void AppTest::expect_only(const std::string& release, int instances) const {
  const json app = status();
  ASSERT_TRUE(app.contains("instances")) << app;
  EXPECT_EQ(app["release"], release);
  EXPECT_EQ(app["wanted"], instances) << app;
  EXPECT_EQ(app["serving"], instances) << app;
  EXPECT_EQ(app["deploy"], nullptr) << app;
  EXPECT_EQ(app["instances"].size(), static_cast<size_t>(instances)) << app;
  for (const json& instance : app["instances"]) EXPECT_EQ(instance["release"], release);
  await("the end of the shims of other instances", [&] {
    return residents_called("roll-shim " + path("run/web/")).size() <= static_cast<size_t>(instances);
  });
}

void AppTest::kill_process(pid_t pid, int signal) {
  const auto process = ProcessRef::open(pid);
  if (!process) return;
  (void)process->send_signal(signal);
  if (signal != SIGKILL) return;
  pollfd exited{process->fd(), POLLIN, 0};
  (void)poll(&exited, 1, static_cast<int>(kLong.count()));
}

}  // namespace rollctl::test
