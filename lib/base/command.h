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

// Runs a program of this host, such as journalctl(1), to read its output. It
// has rollctl's environment, /dev/null as standard input, and its own session,
// so that Ctrl-C does not reach it. The destructor kills and reaps it.
class Command {
 public:
  enum class Stderr { Together, Discarded };  // Together: same pipe as stdout

  // Looks argv[0] up in PATH; a privileged rollctl (is_privileged()) looks only in the system's folders.
  // NotFound if there is no such program.
  static Result<Command> start(const std::vector<std::string>& argv, Stderr errors);

  Command(Command&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), output_(std::move(other.output_)) {}
  Command& operator=(Command&&) = delete;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  ~Command();

  // The read end of its output: borrowed, non-blocking. EOF once no process has the write end open.
  [[nodiscard]] int output() const { return output_.get(); }

  // Waits at most `time` for its exit.
  [[nodiscard]] bool has_exited(Millis time) const;

  // Its exit status, or 128 + the signal that killed it. Blocks until it has exited.
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

// Runs a program and blocks until it exits. After `limit` or
// 256 MiB of output, kills it and fails with Failed.
Result<CommandOutput> run_command(const std::vector<std::string>& argv, Command::Stderr errors, Millis limit);

}  // namespace rollctl
