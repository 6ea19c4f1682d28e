// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/environment.h"
#include "config/generation_spec.h"
#include "probe/probe.h"
#include "process/launch_spec.h"

namespace rollctl {

// The id and the paths of one instance.
struct InstancePlace {
  InstanceId instance = 0;
  std::string run_dir;   // {run_dir} and $ROLL_RUN_DIR are kServerFolder in it
  std::string log_path;  // unused under systemd, where the output goes to the journal
  std::string journal_path;
  uint16_t probe_port = 0;            // 0 if needs_probe_port() is false
  std::string preload_library = {};   // for SocketMode::Preload
  std::optional<UnitSpec> unit = {};  // systemd unit; empty: rollctl starts the shim itself
};

bool needs_probe_port(const AppConfig& config);

// Expand the placeholders, look the user up and read env_file; block on the user database and that file.
// `env` consists of PATH and LANG of the configuration, HOME and USER of the server's user, env_file, `env`
// of the configuration, and ROLL_*; later entries override earlier ones. Invalid, naming file and key, for an
// unknown user or group and for a missing or malformed env_file. NotPermitted for another user than the
// caller without root. An exec probe gets the server's environment, workdir and user. With inherited sockets,
// the kinds listen and tcp require that the server accepts a connection.
Result<LaunchSpec> make_launch_spec(const GenerationSpec& spec, const InstancePlace& place);
Result<ProbeSpec> make_probe_spec(const GenerationSpec& spec, const InstancePlace& place);

// A program that runs once for all instances: a hook, or one of `rollctl run`.
struct OnceLaunch {
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::string workdir;                     // empty: /
  std::optional<Credentials> credentials;  // empty: the caller's
};

// A program with the user, folder and environment of the release's servers. Its words are taken as they are.
// {instance}, {run_dir} and {probe_port} are Invalid in `workdir`; variables that name one of them are left
// out. Blocks and fails as make_launch_spec() does.
Result<OnceLaunch> make_once_launch(const GenerationSpec& spec, std::vector<std::string> argv);

// A hook as it runs, with `told` in its environment besides ROLL_APP, ROLL_RELEASE and ROLL_GENERATION.
// {instance}, {run_dir} and {probe_port} are Invalid in it. With HookConfig::Env::Release it gets none of
// the variables of `env` that name one of those three. Blocks and fails as make_launch_spec() does.
Result<OnceLaunch> make_hook_launch(const GenerationSpec& spec, const HookConfig& hook,
                                    const Environment& told);

}  // namespace rollctl
