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

// What a child starts with, be it a server, a probe's command or a hook. It may be another user's, so nothing
// of the caller goes along but what is said here:
//
//   session       its own, and it leads it; no controlling terminal
//   keyring       a new anonymous session keyring with its user's keyring in it       (Surroundings::Fresh)
//   umask         022                                                                 (Surroundings::Fresh)
//   signals       all at their defaults, none blocked; no parent-death signal
//   descriptors   0 is /dev/null, 1 and 2 the log or `output`, `passed` from kFirstPassed on; no other
//   limits        as the caller was started with, whatever it has made of them since; RLIMIT_NOFILE by
//   `nofile` user, groups  `credentials`, or the caller's; another user than root gets no capability, neither
//                 inheritable nor ambient ones                                        (Surroundings::Fresh)
//   environment   `env` and no more
//   folder        `workdir`, entered as its user
//
// Left as they are, for whoever calls rollctl sets them for what it starts: nice value, scheduling, affinity,
// OOM score, the other limits, control group, namespaces, personality, securebits, bounding set. So is
// no_new_privs: a server may need a program with set-id or file capabilities (a mailer, a ping), and so may a
// probe; `NoNewPrivileges` in [systemd] sets it, and then it stays set.
struct ChildSpec {
  std::vector<std::string> argv;  // argv[0] without a slash is looked up in the PATH of `env`
  std::vector<std::string> env;   // "NAME=value"
  std::string pid_variable;       // one more variable, which has the child's pid; empty: none
  std::string workdir;            // empty: /
  std::optional<Credentials> credentials;
  std::optional<uint64_t> nofile;  // soft and hard
  std::string log_path;            // appended to, made where there is none; empty: `output`
  int output = -1;                 // borrowed
  static constexpr int kFirstPassed = 3;
  std::vector<int> passed;  // borrowed

  enum class Surroundings {
    Fresh,
    Given,  // umask, keyring and capabilities stay as systemd has set them for the unit of the caller
  };
  Surroundings surroundings = Surroundings::Fresh;

  enum class Unmarked { Refused, ForShell };  // a script whose first line names no interpreter (ENOEXEC)
  Unmarked unmarked = Unmarked::Refused;
};

// What a child does before it executes; the stage at which it failed names the reason.
enum class ExecStage {
  Session,      // starting a session
  Keyring,      // starting a session keyring
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
std::string describe(const ExecFailure& failure, const ChildSpec& spec);
// `cannot start "./web"`
std::string cannot_start(const ChildSpec& spec);

// A child that may not have executed its program yet. Its user may stop it as soon as it is that user's, for
// as long as he likes: so nobody waits for it. It outlives the caller, and this object's end does nothing to
// it.
struct StartedChild {
  ProcessRef process;
  Fd go;      // Start::WhenTold: one byte lets it go on, and where it is closed without one the child ends
  Fd report;  // readable once it is decided; see read_report(); non-blocking
};

enum class Start { AtOnce, WhenTold };

// Makes a child. WhenTold: it sets itself up, but is not yet another user and executes nothing before it is
// told. Never blocks; needs as long as fork(2), some 0.2 ms. Between fork and exec the child makes system
// calls only, so the caller may have threads.
Result<StartedChild> start_child(const ChildSpec& spec, Start start);

struct ExecResult {
  std::optional<ExecFailure> failure;  // nothing: it has executed its program
};

// Nothing while it is not decided. A child that was killed before it could say anything counts as executed:
// its exit status tells the rest. Never blocks.
std::optional<ExecResult> read_report(int report);

}  // namespace rollctl
