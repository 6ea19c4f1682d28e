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

// The app's name in an APP argument (a name or a path), before it is validated.
std::string app_label(const std::string& argument);

// The environment of a command: its folders, common options and outputs.
class Context final : public SignalledOutput {
 public:
  Context(CommonOptions options, std::vector<std::string> command_line);

  [[nodiscard]] const CommonOptions& options() const { return options_; }
  // A write blocks while the reader is slow, and a signal ends the process; after outlive_signals() neither.
  [[nodiscard]] Sink& out() { return out_; }
  [[nodiscard]] Sink& err() { return err_; }
  [[nodiscard]] const Terminal& out_terminal() const { return out_terminal_; }
  [[nodiscard]] const Terminal& err_terminal() const { return err_terminal_; }

  // `reporter` is borrowed.
  [[nodiscard]] ChangeSession::Setting session_setting(const Paths& paths, const std::string& app,
                                                       ChangeSession::Access access, Reporter& reporter);

  // NotPermitted if an ordinary user has no folder for running instances.
  [[nodiscard]] static Result<Paths> paths();

  [[nodiscard]] std::unique_ptr<Reporter> reporter(const std::string& app);

  void outlive_signals() override;

  // Waits until all output is written or a signal arrives; returns `status`, for main() to return. After an
  // earlier signal it waits only while the reader still takes output.
  int finish(int status);

  // Prints the error; returns its exit status.
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
