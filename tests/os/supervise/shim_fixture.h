// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/process_ref.h"
#include "loop/loop.h"
#include "process/shim_client.h"
#include "process/waiting_shim.h"
#include "support/child_process.h"
#include "support/net_namespace.h"

namespace rollctl::test {

inline const std::vector<std::string> kListen{"--listen", "127.0.0.1:8080"};

inline constexpr Millis kSoon{10'000};

// One shim client and its events.
struct Watched {
  std::unique_ptr<ShimClient> client;
  std::vector<ShimEvent> events;

  [[nodiscard]] const ShimEvent* find(ShimEvent::Kind kind) const {
    for (const auto& event : events) {
      if (event.kind == kind) return &event;
    }
    return nullptr;
  }
  [[nodiscard]] size_t count(ShimEvent::Kind kind) const {
    size_t number = 0;
    for (const auto& event : events) number += event.kind == kind ? 1 : 0;
    return number;
  }
};

inline Result<std::unique_ptr<ShimClient>> launch_shim(Loop& loop, const std::string& program,
                                                       const LaunchSpec& spec, ShimClient::OnEvent on_event) {
  const auto waiting = WaitingShim::start(program, spec);
  if (!waiting) return fail(waiting.error());
  Acknowledgement intended = Status();
  return (*waiting)->launch(loop, spec, intended, std::move(on_event));
}

// Real shims and servers, in a private network namespace and folder. This process is the subreaper, so that
// the end of a test finds and kills all that are left.
class ShimTest : public NetNamespaceTest {
 protected:
  void SetUp() override {
    NetNamespaceTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    char name[] = "/tmp/roll-shim-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    ASSERT_EQ(::chmod(name, 0755), 0);
    auto loop = Loop::create();
    ASSERT_TRUE(loop);
    loop_ = std::move(*loop);
  }

  void TearDown() override {
    watched_.clear();
    // Shims first: a living one would restart its server.
    for (int round = 0; round < 200; ++round) {
      bool any = false;
      for (const pid_t pid : process_tree(::getpid()).value_or(std::vector<pid_t>())) {
        if (pid == ::getpid()) continue;
        if (auto process = ProcessRef::open(pid)) any = process->send_signal(SIGKILL).has_value() || any;
      }
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      if (!any) break;
      ::usleep(1000);
    }
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // A spec that runs `argv` as instance `id`; creates its run directory.
  LaunchSpec spec_for(std::vector<std::string> argv, InstanceId id = 1) {
    LaunchSpec spec;
    spec.app = "web";
    spec.release = "v1";
    spec.generation = 7;
    spec.instance = id;
    spec.argv = std::move(argv);
    spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    spec.run_dir = folder_ + "/run-" + std::to_string(id);
    spec.log_path = folder_ + "/log-" + std::to_string(id);
    spec.journal_path = folder_ + "/journal.jsonl";
    spec.drain_deadline = kSoon;
    EXPECT_TRUE(make_directories(spec.run_dir, 0755));
    return spec;
  }

  LaunchSpec shell_spec(const std::string& script, InstanceId id = 1) {
    return spec_for({"/bin/sh", "-c", script}, id);
  }

  LaunchSpec stub_spec(std::vector<std::string> arguments, InstanceId id = 1) {
    std::vector<std::string> argv{program_path("stub_server")};
    for (auto& argument : arguments) argv.push_back(std::move(argument));
    LaunchSpec spec = spec_for(std::move(argv), id);
    spec.listen.push_back(*ListenAddress::parse("127.0.0.1:8080"));
    return spec;
  }

  Watched& launch(const LaunchSpec& spec) {
    Watched& watched = watch();
    auto client = launch_shim(*loop_, program_path("roll-shim"), spec,
                              [&watched](const ShimEvent& event) { watched.events.push_back(event); });
    EXPECT_TRUE(client) << client.error().message;
    if (client) watched.client = std::move(*client);
    return watched;
  }

  Watched& launch_and_await(const LaunchSpec& spec) {
    Watched& watched = launch(spec);
    EXPECT_TRUE(await(watched, ShimEvent::Kind::Launched));
    return watched;
  }

  Watched& connect(const LaunchSpec& spec) {
    Watched& watched = watch();
    auto client = ShimClient::connect(
        *loop_, spec.run_dir, [&watched](const ShimEvent& event) { watched.events.push_back(event); });
    EXPECT_TRUE(client) << client.error().message;
    if (client) watched.client = std::move(*client);
    return watched;
  }

  // Runs the loop until `condition` holds.
  bool await(const std::function<bool()>& condition) {
    const Watch look = loop_->every(Micros(2000), [] {});
    return loop_->run_until(condition, std::chrono::steady_clock::now() + kSoon) == WaitEnd::Satisfied;
  }
  bool await(const Watched& watched, ShimEvent::Kind kind, size_t times = 1) {
    return await([&] { return watched.count(kind) >= times; });
  }

  // Whether a shim has the lock on its directory. Reads the kernel's list of locks, because trying the lock
  // could make a shim's attempt fail.
  static bool is_claimed(const std::string& run_dir) {
    struct stat folder{};
    if (::stat(run_dir.c_str(), &folder) != 0) return false;
    const std::string name = fmt::format(" {:02x}:{:02x}:{} ", gnu_dev_major(folder.st_dev),
                                         gnu_dev_minor(folder.st_dev), folder.st_ino);
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);)
      if (line.find("FLOCK") != std::string::npos && line.find(name) != std::string::npos) return true;
    return false;
  }

  static bool exists(const std::string& path) { return std::filesystem::exists(path); }

  static std::string text_of(const std::string& path) { return read_file(path).value_or(std::string()); }

  // All descendants of this process: shims and servers.
  static size_t processes() {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    return process_tree(::getpid())->size() - 1;
  }

  std::string folder_;
  std::unique_ptr<Loop> loop_;

 private:
  Watched& watch() { return *watched_.emplace_back(std::make_unique<Watched>()); }
  std::vector<std::unique_ptr<Watched>> watched_;
};

}  // namespace rollctl::test
