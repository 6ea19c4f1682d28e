// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/process_ref.h"
#include "base/result.h"

namespace rollctl::test {

// The exit of a child: a code, or the signal that killed it (then `code` is -1).
struct ChildExit {
  int code = -1;
  int signal = 0;

  static ChildExit with_code(int code) { return {code, 0}; }
  static ChildExit by_signal(int signal) { return {-1, signal}; }
  [[nodiscard]] std::string text() const;  // "exit code 3", "killed by SIGTERM"
  bool operator==(const ChildExit&) const = default;
};
void PrintTo(const ChildExit& exit,
             std::ostream* out);  // NOLINT(readability-identifier-naming): gtest's name

enum class Input { Null, Pipe };
enum class Output { Capture, Inherit, Discard };

struct ChildSpec {
  std::vector<std::string> argv;              // argv[0] is looked up in PATH unless it has a slash
  std::vector<std::string> env = {};          // added to our environment; "NAME" alone removes it
  std::vector<std::pair<int, int>> fds = {};  // ours (borrowed) → theirs; only these and 0, 1, 2 are passed
  std::string workdir = {};
  Input input = Input::Null;
  Output output = Output::Capture;  // standard output and standard error
  std::optional<uid_t> uid = {};    // also the primary group; no further groups
};

// A child process of a test. It is killed (SIGKILL) and reaped when this object is destroyed or the thread
// that started it ends, so that no test leaves a process behind; its own children are not.
//
// Output is captured through pipes of 1 MiB, which every call here
// empties; a child that writes more between two calls blocks.
class ChildProcess {
 public:
  // Blocks until the program is executed; fails if that is impossible.
  static Result<ChildProcess> spawn(ChildSpec spec);

  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) noexcept;
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const;
  [[nodiscard]] const ProcessRef& process() const;
  [[nodiscard]] bool has_exited() const;
  [[nodiscard]] Status send_signal(int signal) const;

  // Blocks until it has exited, and reaps it. Busy, with its output so far, if it still runs after `timeout`.
  // May be called again.
  Result<ChildExit> wait(Millis timeout);

  // send_signal() and wait().
  Result<ChildExit> stop(int signal, Millis timeout);

  // Standard input, with Input::Pipe.
  Status write_input(std::string_view text);
  void close_input();

  // The next line of its standard output, without '\n'. Blocks. NotFound if the output ends before a whole
  // line, Busy after `timeout`.
  Result<std::string> read_line(Millis timeout);

  // Blocks until its standard output contains `text`; errors as for read_line().
  Status await_output(std::string_view text, Millis timeout);

  // Its output so far. Never block.
  const std::string& output();
  const std::string& errors();

 private:
  struct State;
  explicit ChildProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct RunResult {
  ChildExit exit;
  std::string output;
  std::string errors;
};

// spawn() and wait().
Result<RunResult> run_child(ChildSpec spec, Millis timeout);

// The path of a program of this build: "stub_server" → "…/build/bin/stub_server".
std::string program_path(std::string_view name);

}  // namespace rollctl::test
