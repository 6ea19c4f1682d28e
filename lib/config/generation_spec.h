// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/app_config.h"
#include "probe/probe.h"
#include "process/launch_spec.h"

namespace rollctl {

// One generation as it was meant when it was deployed: kept, so that a rollback starts exactly what ran then,
// whatever became of the app file.
struct GenerationSpec {
  std::string app;
  std::string release;
  int64_t generation = 0;
  AppConfig config;
};

nlohmann::json to_json(const GenerationSpec& spec);
Result<GenerationSpec> generation_spec_from_json(const nlohmann::json& json);

// Would both start the same? Generation numbers and where the file stood do not count.
bool same_specification(const GenerationSpec& one, const GenerationSpec& other);

// What belongs to one instance of it.
struct InstancePlace {
  InstanceId instance = 0;
  std::string run_dir;   // {run_dir} and $ROLL_RUN_DIR are kServerFolder in it
  std::string log_path;  // where it is a process of its own; under systemd its output goes to the journal
  std::string journal_path;
  uint16_t probe_port = 0;            // 0 where needs_probe_port() is false
  std::string preload_library = {};   // for SocketMode::Preload
  std::optional<UnitSpec> unit = {};  // nothing: a process of its own
};

bool needs_probe_port(const AppConfig& config);

// The placeholders expanded, the user looked up, env_file read (blocks on the user database and that file).
// `env` is PATH and LANG of the configuration, HOME and USER of the server's user, then env_file, then the
// configuration's env, each over the one before, and ROLL_*. Invalid, naming file and key, for an unknown
// user or group and an env_file that is missing or malformed; NotPermitted for another user than the caller
// without being root. An exec probe runs with the server's environment, workdir and user. Kinds listen and
// tcp ask for an accepted connection where the server inherits its sockets.
Result<LaunchSpec> make_launch_spec(const GenerationSpec& spec, const InstancePlace& place);
Result<ProbeSpec> make_probe_spec(const GenerationSpec& spec, const InstancePlace& place);

// A hook's argv with its placeholders expanded ({instance}, {run_dir} and {probe_port} are refused there),
// and its environment: rollctl's own, with ROLL_APP, ROLL_RELEASE and ROLL_GENERATION.
Result<std::vector<std::string>> expand_hook(const GenerationSpec& spec,
                                             const std::vector<std::string>& argv);
std::vector<std::string> hook_environment(const GenerationSpec& spec);

// What can be seen beforehand without starting anything: the executable and the workdir exist, the user is
// known and may be changed to. Each finding is an Error naming file and key: Invalid, or NotPermitted for
// what this user may not; empty: nothing found. Access lists are not looked at.
std::vector<Error> check_against_host(const GenerationSpec& spec);

}  // namespace rollctl
