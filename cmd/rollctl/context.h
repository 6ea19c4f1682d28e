// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/change_session.h"
#include "app/signalled_output.h"
#include "base/sink.h"
#include "state/paths.h"
#include "ui/fd_sink.h"
#include "ui/human_reporter.h"
#include "ui/json_reporter.h"
#include "ui/terminal.h"

namespace rollctl {

// The options that every command has.
struct CommonOptions {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool no_color = false;
};

// A name for an APP argument, perhaps a path, before it is understood.
std::string app_label(const std::string& argument);

// The surroundings of a command: its folders, its options, its outputs.
class Context final : public SignalledOutput {
 public:
  Context(CommonOptions options, std::vector<std::string> command_line);

  [[nodiscard]] const CommonOptions& options() const { return options_; }
  // Blocked they hold up who writes, whom a signal ends, until outlive_signals() was called.
  [[nodiscard]] Sink& out() { return out_; }
  [[nodiscard]] Sink& err() { return err_; }
  [[nodiscard]] const Terminal& out_terminal() const { return out_terminal_; }
  [[nodiscard]] const Terminal& err_terminal() const { return err_terminal_; }

  // For the command of that app; `reporter` is borrowed.
  [[nodiscard]] ChangeSession::Setting session_setting(const Paths& paths, const std::string& app,
                                                       ChangeSession::Access access, Reporter& reporter);

  // NotPermitted where an ordinary user has no folder for running instances.
  [[nodiscard]] static Result<Paths> paths();

  [[nodiscard]] std::unique_ptr<Reporter> reporter(const std::string& app);

  void outlive_signals() override;

  // The last of a program, which ends with the status that is given back: waits until all output is written,
  // as long as it takes, or a signal comes. Where one has come before, it waits as long as some is taken.
  int finish(int status);

  // Tells the error and gives its exit status.
  int fail(const Error& error);

  // One line of JSON on standard output.
  void print_json(const nlohmann::json& object);
  void print(const std::vector<Line>& lines);

 private:
  CommonOptions options_;
  std::string command_text_;
  FdSink out_;
  FdSink err_;
  Terminal out_terminal_;
  Terminal err_terminal_;
};

}  // namespace rollctl
