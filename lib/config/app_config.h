// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "probe/probe.h"
#include "process/launch_spec.h"
#include "process/orders.h"
#include "steering/handover_policy.h"

namespace rollctl {

enum class SocketMode { Open, Inherit, Preload };
enum class LauncherKind { Auto, Direct, Systemd };

// The number of instances to replace at a time.
struct Batch {
  enum class Unit { Count, Percent, All };
  Unit unit = Unit::Count;
  int amount = 1;

  // "2", "25%" or "all".
  static Result<Batch> parse(const std::string& text);
  [[nodiscard]] std::string text() const;
  // At least 1, at most `instances`.
  [[nodiscard]] int of(int instances) const;
};

struct InstanceCount {
  bool per_cpu = false;  // "cpus"
  int number = 1;

  // A number from 1 to 1000, or "cpus".
  static Result<InstanceCount> parse(const std::string& text);
  [[nodiscard]] std::string text() const;
  // With "cpus": the online processors.
  [[nodiscard]] int resolve() const;
};

// "10%" or "10": at least 0, less than 100.
Result<double> parse_percent(const std::string& text);

// The steps of a canary: "10%", "1%,10%,50%", each more than the one before, or "none": empty.
Result<std::vector<double>> parse_canary(const std::string& text);

struct ReadyConfig {
  ProbeKind kind = ProbeKind::Listen;
  std::string path = "/";
  std::string host;  // empty: the address that is asked
  std::map<std::string, std::string> headers;
  HttpStatuses status;
  std::string ca;  // a file; empty: the certificate is not verified
  std::string address;
  std::vector<std::string> command;
  Millis interval{100};
  Millis timeout{1000};
  int successes = 1;
  int failures = 3;
  Millis deadline{30'000};
};

struct DrainConfig {
  DrainStart order = DrainStart::Signal;
  DrainScope scope = DrainScope::Main;
  int signal = 15;
  Millis settle{3000};
  Millis deadline{60'000};
  HttpDrain http = HttpDrain::Keep;
  Millis http_silence{5000};
};

struct RolloutConfig {
  Batch batch;
  std::vector<double> canary;  // percent, one for each step; empty: no canary
  Millis bake{0};
  Millis hold{0};
};

// What stays when a change has succeeded.
struct KeepConfig {
  int generations = 0;  // kept specifications; 0: all
  Millis logs{0};       // of instances that are gone; 0: all
};

struct RestartConfig {
  RestartPolicy policy = RestartPolicy::OnFailure;
  Millis backoff{100};
  Millis max_backoff{30'000};
  int give_up = 5;
};

// A program of the operator, run once per change.
struct HookConfig {
  enum class Env {
    Rollctl,  // that of rollctl
    Release,  // that of the release's servers
  };
  std::vector<std::string> command;  // empty: no hook
  std::string run_as;                // a user; empty: that of rollctl
  std::string workdir;               // empty: /
  Env env = Env::Rollctl;
  Millis timeout{600'000};  // 0: none
};

struct HooksConfig {
  HookConfig before_deploy, after_shift, before_drain, after_deploy, on_failure;
};

// Every hook with its key.
inline constexpr std::pair<const char*, HookConfig HooksConfig::*> kHooks[] = {
    {"hooks.before_deploy", &HooksConfig::before_deploy}, {"hooks.after_shift", &HooksConfig::after_shift},
    {"hooks.before_drain", &HooksConfig::before_drain},   {"hooks.after_deploy", &HooksConfig::after_deploy},
    {"hooks.on_failure", &HooksConfig::on_failure},
};

// The validated description of an app, from its app file or the command line of an ad-hoc app. Placeholders
// are not expanded yet.
struct AppConfig {
  std::string source;  // the app file; empty for an ad-hoc app
  std::vector<std::string> command;
  std::vector<ListenAddress> listen;
  InstanceCount instances;
  SocketMode socket = SocketMode::Open;
  std::string user;   // empty: the caller
  std::string group;  // empty: the user's own
  std::string workdir;
  std::map<std::string, std::string> env;
  std::string env_file;
  HandoverPolicy handover = HandoverPolicy::Auto;
  LauncherKind launcher = LauncherKind::Auto;
  ReadyConfig ready;
  DrainConfig drain;
  RolloutConfig rollout;
  KeepConfig keep;
  RestartConfig restart;
  std::optional<uint64_t> nofile;
  HooksConfig hooks;
  std::map<std::string, std::string> systemd;  // unit properties; numbers and booleans as text

  // PATH and LANG of the rollctl that read the description. Servers get these unless `env` sets others, even
  // after a rollback from a shell or cron job with other values. Empty: kUsualPath, no LANG.
  std::string caller_path;
  std::string caller_lang;
};

}  // namespace rollctl
