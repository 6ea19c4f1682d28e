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

// Who the server runs as. Resolved by rollctl: the shim knows no user database.
struct Credentials {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// The folder within an instance's run directory that is its server's own: the server's user may make files
// there, and nowhere else in it.
inline constexpr const char* kServerFolder = "server";

// That a shim runs in a transient unit of systemd's, and with which properties beside rollctl's own, as
// systemd-run(1) takes them: {"MemoryMax", "512M"}.
struct UnitSpec {
  std::map<std::string, std::string> properties;
};

// Everything a shim needs to start one server and keep it: resolved, with no placeholder left.
struct LaunchSpec {
  std::string app;
  std::string release;
  int64_t generation = 0;
  InstanceId instance = 0;

  std::vector<std::string> argv;  // argv[0] is looked up in the PATH of `env`
  std::vector<std::string>
      env;              // "NAME=value": the whole environment but NOTIFY_SOCKET, ROLL_GATE_FD, LISTEN_*
  std::string workdir;  // empty: /
  std::optional<Credentials> credentials;  // nothing: the shim's own
  std::optional<uint64_t> nofile;          // soft and hard limit
  std::vector<ListenAddress> listen;

  enum class Sockets {
    Own,
    Inherited
  };  // who opens `listen`. Inherited: the shim, as its own user; passed as sd_listen_fds(3) says
  Sockets sockets = Sockets::Own;

  std::string run_dir;       // this instance's own; the shim works in it, and makes kServerFolder there
  std::string log_path;      // the server's stdout and stderr, opened with O_APPEND; empty: the shim's own
  std::string journal_path;  // where the shim adds what happens while no rollctl looks; empty: nowhere

  enum class Gate {
    Open,
    Closed
  };  // Closed: $ROLL_GATE_FD reads EOF only when rollctl opens it; Open: it does from the start
  Gate gate = Gate::Open;

  std::optional<UnitSpec> unit;  // nothing: a process of its own

  int drain_signal = 15;
  Millis drain_deadline{60'000};

  RestartPolicy restart = RestartPolicy::OnFailure;
  Millis backoff{100};
  Millis max_backoff{30'000};
  int give_up = 5;  // restarts without a ready in between
};

// Version 1; a reader ignores what it does not know, a missing member has its default.
nlohmann::json to_json(const LaunchSpec& spec);
Result<LaunchSpec> launch_spec_from_json(const nlohmann::json& json);

}  // namespace rollctl
