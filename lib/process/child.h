// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "process/launch_spec.h"

namespace rollctl {

// How a child process starts: a server, a probe's command or a hook. The child may run as another user,
// so it inherits nothing from the caller but this:
//
//   session       a new one, which the child leads; no controlling terminal
//   keyring       a new anonymous session keyring, linked to the user's keyring       (Surroundings::Fresh)
//   umask         022                                                                 (Surroundings::Fresh)
//   signals       default handlers, none blocked; no parent-death signal
//   descriptors   0 is /dev/null, 1 and 2 the log or `output`, `passed` from kFirstPassed on; no others
//   limits        those that the caller was started with; RLIMIT_NOFILE from `nofile`
//   user, groups  `credentials`, or the caller's; a user other than root gets no capabilities, not even
//                 inheritable or ambient ones                                         (Surroundings::Fresh)
//   environment   `env`, nothing else
//   folder        `workdir`, entered as the child's user
//
// The child inherits what the administrator sets for rollctl and its servers: nice value, scheduling,
// affinity, OOM score, the other limits, control group, namespaces, personality, securebits, bounding set. It
// also inherits no_new_privs: a server or a probe may need a program with set-id or file capabilities (a
// mailer, ping). `NoNewPrivileges` in [systemd] sets it.
struct ChildSpec {
  std::vector<std::string> argv;  // argv[0] without a slash is looked up in the PATH of `env`
  std::vector<std::string> env;   // "NAME=value"
  std::string pid_variable;       // a variable that gets the child's pid; empty: none
  std::string workdir;            // empty: /
  std::optional<Credentials> credentials;
  std::optional<uint64_t> nofile;  // soft and hard
  std::string log_path;            // appended to, created if missing; empty: `output`
  int output = -1;                 // borrowed
  static constexpr int kFirstPassed = 3;
  std::vector<int> passed;  // borrowed

  enum class Surroundings {
    Fresh,
    Given,  // umask, keyring and capabilities stay as systemd has set them for the caller's unit
  };
  Surroundings surroundings = Surroundings::Fresh;

  // With Yama, a process may look into another only as its ancestor, or as one that this other process names.
  // Parent: the caller and its children may, also once the child runs its program.
  enum class Tracer { None, Parent };
  Tracer tracer = Tracer::None;

  // Callers: 0, 1 and 2 stay those of the caller, and neither `log_path` nor `output` is used.
  enum class Streams { Own, Callers };
  Streams streams = Streams::Own;

  enum class Unmarked { Refused, ForShell };  // a script whose first line names no interpreter (ENOEXEC)
  Unmarked unmarked = Unmarked::Refused;
};

// The stages of a child before it executes its program.
enum class ExecStage {
  Session,      // starting a session
  Keyring,      // starting a session keyring
  Log,          // opening the log file
  Descriptors,  // setting up descriptors
  Limits,       // setting the limit of open files
  User,         // changing to user and group
  Workdir,      // changing to the working directory
  Exec,         // executing the program
  Interpreter,  // the program exists, but the interpreter in its first line does not
};

struct ExecFailure {
  ExecStage stage = ExecStage::Exec;
  int os_error = 0;
};

// `cannot start "./web" (changing to "/srv/web"): No such file or directory`
std::string describe(const ExecFailure& failure, const ChildSpec& spec);
// `cannot start "./web"`
std::string cannot_start(const ChildSpec& spec);

// A child that may not have executed its program yet. Nothing waits for it: once it runs as its user, that
// user may stop it for any time. It outlives the caller. Destroying this object leaves the child alone.
struct StartedChild {
  ProcessRef process;
  Fd go;  // Start::WhenTold: one byte lets the child continue; if it is closed without one, the child exits
  Fd report;  // readable once the program was executed or failed; see read_report(); non-blocking
};

enum class Start { AtOnce, WhenTold };

// Forks a child. WhenTold: the child sets itself up and waits for the byte before it changes its user and
// executes. Never blocks; costs one fork(2), about 0.2 ms. Between fork and exec the child makes system calls
// only, so the caller may have threads.
Result<StartedChild> start_child(const ChildSpec& spec, Start start);

struct ExecResult {
  std::optional<ExecFailure> failure;  // nothing: the program was executed
};

// Nothing while the child has neither executed nor failed. A child that was killed before it could report
// counts as executed; its exit status says the rest. Never blocks.
std::optional<ExecResult> read_report(int report);

}  // namespace rollctl
