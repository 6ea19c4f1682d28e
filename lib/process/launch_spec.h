// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/instance_id.h"
#include "base/result.h"

namespace rollctl {

enum class RestartPolicy { Always, OnFailure, Never };

// The processes of an instance that the drain signal goes to.
enum class DrainScope {
  Main,  // the main process, which tells the others
  All,   // every process: for one whose main process does not tell them
};

// The server's user and groups, resolved by rollctl: the shim reads no user database.
struct Credentials {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// The folder of the server within the run directory: the only place there where the server's user may create
// files.
inline constexpr const char* kServerFolder = "server";

// The shim runs in a transient systemd unit. `properties` are added to rollctl's own, in the syntax of
// systemd-run(1): {"MemoryMax", "512M"}.
struct UnitSpec {
  std::map<std::string, std::string> properties;
};

// Everything that a shim needs to run one server. No placeholders are left in it.
struct LaunchSpec {
  std::string app;
  std::string release;
  int64_t generation = 0;
  InstanceId instance = 0;

  std::vector<std::string> argv;  // argv[0] is looked up in the PATH of `env`
  std::vector<std::string>
      env;              // "NAME=value": the whole environment except NOTIFY_SOCKET, ROLL_GATE_FD, LISTEN_*
  std::string workdir;  // empty: /
  std::optional<Credentials> credentials;  // nothing: the shim's own
  std::optional<uint64_t> nofile;          // soft and hard limit
  std::vector<ListenAddress> listen;

  enum class Sockets {
    Own,
    Inherited
  };  // who opens `listen`. Inherited: the shim, with its own privileges; passed as by sd_listen_fds(3)
  Sockets sockets = Sockets::Own;

  std::string
      run_dir;  // of this instance alone; the shim's working directory; it creates kServerFolder there
  std::string log_path;  // for the server's stdout and stderr, opened with O_APPEND; empty: the shim's own
  std::string journal_path;  // the shim adds events here while no rollctl is connected; empty: no journal

  enum class Gate {
    Open,
    Closed
  };  // Closed: $ROLL_GATE_FD reads EOF once rollctl opens the gate; Open: from the start
  Gate gate = Gate::Open;

  std::optional<UnitSpec> unit;  // nothing: no unit

  int drain_signal = 15;
  DrainScope drain_scope = DrainScope::Main;
  Millis drain_deadline{60'000};

  RestartPolicy restart = RestartPolicy::OnFailure;
  Millis backoff{100};
  Millis max_backoff{30'000};
  int give_up = 5;  // after so many restarts without becoming ready
};

class JsonReader;
// An unknown scope of a newer rollctl counts as Main, and so does none.
void read_drain_scope(JsonReader& reader, const char* name, DrainScope& target);

// Version 1. A reader ignores unknown members; a missing member has its default.
nlohmann::json to_json(const LaunchSpec& spec);
Result<LaunchSpec> launch_spec_from_json(const nlohmann::json& json);

}  // namespace rollctl
