// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "process/launch_spec.h"

namespace roll {

// What a child does between fork and exec; the stage at which it failed names the reason.
enum class ExecStage {
  Session,      // starting a session
  Log,          // opening the log file
  Descriptors,  // setting up descriptors
  Limits,       // setting the limit of open files
  User,         // changing to user and group
  Workdir,      // changing to the working directory
  Exec,         // executing the program
  Interpreter,  // the program is there, what its first line names is not
};

struct ExecFailure {
  ExecStage stage = ExecStage::Exec;
  int os_error = 0;
};

// `cannot start "./web" (changing to "/srv/web"): No such file or directory`
std::string describe(const ExecFailure& failure, const LaunchSpec& spec);

// A child that has not executed the server yet.
struct PendingExec {
  ProcessRef process;
  Fd go;      // write one byte and it goes on; closed without one it exits
  Fd result;  // readable when it is decided, see read_exec_result(); non-blocking
};

// Forks a child that becomes spec's server: a session of its own; standard input /dev/null, standard output
// and error the log file, and nothing else open but `sockets` (borrowed; from descriptor 3 on, told as
// sd_listen_fds(3) says, with LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES=listen.0:listen.1…; nothing is told
// where there are none) and `gate` (borrowed; the descriptor after these, named in ROLL_GATE_FD); user,
// limits, working directory and environment as the spec says, plus `extra_env`
// ("NAME=value"). It waits for `go` first: a caller that dies has started nothing. Default signal handling,
// no parent-death signal: the server outlives the caller. The caller must have one thread.
Result<PendingExec> fork_server(const LaunchSpec& spec, const std::vector<std::string>& extra_env, int gate,
                                std::span<const int> sockets = {});

struct ExecResult {
  std::optional<ExecFailure> failure;  // nothing: the server runs
};

// Nothing while it is not decided. A child that died before it could say anything counts as running: its exit
// status tells the rest. Never blocks.
std::optional<ExecResult> read_exec_result(int fd);

}  // namespace roll
