// SPDX-License-Identifier: MIT
#include "process/systemd_unit.h"

#include <filesystem>

namespace rollctl {

namespace {

// A word of a list, as systemd.syntax(7) quotes it.
std::string quoted(const std::string& word) {
  std::string text = "\"";
  for (const char letter : word) {
    if (letter == '"' || letter == '\\') text += '\\';
    text += letter;
  }
  return text + '"';
}

// systemd replaces $NAME in a command line that it executes.
std::string literal(const std::string& word) {
  std::string text;
  for (const char letter : word) {
    if (letter == '$') text += '$';
    text += letter;
  }
  return text;
}

std::string parent_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

}  // namespace

std::string unit_name(const std::string& app, InstanceId instance) {
  return "rollctl-" + app + "-" + std::to_string(instance) + ".service";
}

std::string slice_name(const std::string& app) {
  std::string name = "rollctl-";
  for (const char letter : app) name += letter == '-' ? std::string("\\x2d") : std::string(1, letter);
  return name + ".slice";
}

std::vector<std::string> systemd_run_command(SystemdScope scope, const std::string& shim_program,
                                             const LaunchSpec& spec) {
  std::vector<std::string> command{"systemd-run"};
  if (scope == SystemdScope::User) command.emplace_back("--user");
  command.insert(command.end(),
                 {"--quiet", "--collect", "--service-type=exec",
                  "--unit=" + unit_name(spec.app, spec.instance), "--slice=" + slice_name(spec.app),
                  "--description=rollctl: " + spec.app + " " + spec.release + ", instance " +
                      std::to_string(spec.instance)});
  const auto set = [&](const std::string& name, const std::string& value) {
    command.push_back("--property=" + name + "=" + value);
  };
  // The user's properties first: of a property with one value, systemd takes the last.
  set("SyslogIdentifier", spec.app);
  for (const auto& [name, value] : spec.unit->properties) set(name, value);
  set("WorkingDirectory", spec.run_dir);
  set("KillMode", "process");
  set("TimeoutStopSec", "infinity");
  set("OOMPolicy", "continue");
  set("After", "network.target");
  set("Before", "rollctl@" + spec.app + ".service");
  if (!spec.unit->properties.empty()) {
    set("ReadWritePaths", quoted(parent_of(spec.run_dir)));
    if (!spec.journal_path.empty()) set("ReadWritePaths", quoted(parent_of(spec.journal_path)));
  }
  command.insert(command.end(), {"--", literal(shim_program), literal(spec.run_dir)});
  return command;
}

}  // namespace rollctl
