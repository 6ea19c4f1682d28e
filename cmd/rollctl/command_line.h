// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/app_source.h"
#include "base/result.h"
#include "config/app_config.h"
#include "rollctl/context.h"
#include "state/app_command.h"

namespace roll {

// What a command that moves traffic was told beyond its arguments; nothing: the app file's word counts.
struct TrafficOptions {
  std::optional<InstanceCount> instances;
  std::vector<ListenAddress> listen;
  std::optional<ReadyConfig> ready;  // kind and path alone count
  std::optional<double> canary;      // percent
  std::optional<Millis> bake;
  std::optional<Millis> hold;
  std::optional<Batch> batch;
  std::optional<Millis> ready_deadline;
  std::optional<Millis> drain_deadline;
  std::optional<HandoverPolicy> handover;
  bool detach = false;
  bool strict = false;
  bool dry_run = false;
  std::string note;
};

// One call of rollctl, understood.
struct CommandLine {
  std::string verb;  // "deploy", …
  CommonOptions common;
  TrafficOptions traffic;
  std::string app;
  std::string release;               // deploy
  std::vector<std::string> command;  // deploy, behind `--`
  std::string candidates;            // complete: of what
  std::string begun;                 // complete: what was typed of the word
  std::optional<std::string> to_release;
  std::optional<int64_t> to_generation;
  int count = 0;                       // scale
  std::optional<int> lines;            // history, logs
  std::optional<InstanceId> instance;  // logs
  bool follow = false;
  bool watch = false;
  bool wait = false;

  [[nodiscard]] AppCommand app_command() const { return parse_command(verb).value_or(AppCommand::Other); }
  [[nodiscard]] AppOptions app_options() const {
    return {command, traffic.instances, traffic.listen, traffic.ready, traffic.handover};
  }
};

// How reading the command line ended.
struct Parsed {
  std::optional<CommandLine> command;  // what to do
  std::string text;                    // or what was asked for: help, a version
};

// A usage error is Invalid, with a hint. `arguments` are without the program's name.
Result<Parsed> parse_command_line(const std::vector<std::string>& arguments);

// Is --json among them, for whoever must report that they cannot be understood?
CommonOptions guess_common_options(const std::vector<std::string>& arguments);

}  // namespace roll
