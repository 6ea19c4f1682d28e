// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/process_ref.h"
#include "base/result.h"
#include "process/launch_spec.h"

namespace roll {

// What a child does before it executes; the stage at which it failed names the reason.
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

// Told to the child before it is somebody else and before it executes anything; it executes nothing where the
// answer is no. Runs in the child and in the caller's memory: what it changes the caller finds changed, and
// what it opens is open in the child alone.
using BeforeExec = std::function<bool(const ProcessId& child)>;

// Makes a child that is spec's server: a session of its own; standard input /dev/null, standard output and
// error the log file, and nothing else open but `sockets` (borrowed; from descriptor 3 on, told as
// sd_listen_fds(3) says, with LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES=listen.0:listen.1…; nothing is told
// where there are none) and `gate` (borrowed; the descriptor after these, named in ROLL_GATE_FD); user,
// limits, working directory and environment as the spec says, plus `extra_env` ("NAME=value"). Default signal
// handling, no parent-death signal: the server outlives the caller. The caller must have one thread.
//
// As vfork(2): blocks until the server was executed, some 0.2 ms, or could not be: then nothing is left of
// the child. A caller that is killed meanwhile leaves a child that goes on. One that dies before it could say
// anything counts as started: its exit status tells the rest.
Result<ProcessRef> start_server(const LaunchSpec& spec, const std::vector<std::string>& extra_env, int gate,
                                std::span<const int> sockets, const BeforeExec& before_exec);

}  // namespace roll
