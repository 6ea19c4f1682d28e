// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

// A program of this host that is asked something, as systemd-run(1) or journalctl(1): with the caller's
// environment, /dev/null as standard input, and a session of its own without a terminal, so that a Ctrl-C
// ends the caller's wait and not the program's work. Killed and reaped when destroyed.
class Command {
 public:
  enum class Stderr { Together, Discarded };  // Together: in the same pipe as standard output

  // argv[0] is looked up in PATH, and by a rollctl that has capabilities in the system's folders alone.
  // NotFound where there is no such program.
  static Result<Command> start(const std::vector<std::string>& argv, Stderr errors);

  Command(Command&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), output_(std::move(other.output_)) {}
  Command& operator=(Command&&) = delete;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  ~Command();

  // What it prints; EOF once nobody has it open any more. Borrowed, non-blocking.
  [[nodiscard]] int output() const { return output_.get(); }

  // Waits for its end, at most that long.
  [[nodiscard]] bool has_exited(Millis time) const;

  // Its exit status, 128 + the number of the signal that ended it. Blocks until it has exited.
  int wait();

 private:
  Command(pid_t pid, Fd output) : pid_(pid), output_(std::move(output)) {}
  pid_t pid_;
  Fd output_;
};

struct CommandOutput {
  int status = 0;
  std::string text;
};

// Runs it to its end, and blocks for that long. It is killed, which is an error of kind Failed, after
// `limit`, also where it prints all the time or has closed its output and goes on, and when it has printed
// 256 MiB.
Result<CommandOutput> run_command(const std::vector<std::string>& argv, Command::Stderr errors, Millis limit);

}  // namespace rollctl
