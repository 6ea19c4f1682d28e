// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/left_out.h"
#include "base/sink.h"
#include "ui/line_printer.h"
#include "ui/reporter.h"
#include "ui/terminal.h"

namespace rollctl {

enum class Verbosity {
  Quiet,    // errors and warnings only
  Normal,   // progress and a summary
  Verbose,  // also every event, even on a terminal, and the handover's guarantee
};

// Reports to a person: on a terminal one line per instance, redrawn in place; elsewhere one plain line per
// event. Progress, warnings and errors go to `err`, the summary to `out`.
class HumanReporter final : public Reporter {
 public:
  struct Outputs {
    Sink& out;
    Terminal out_terminal;
    Sink& err;
    Terminal err_terminal;
  };
  // The sinks are borrowed.
  HumanReporter(Outputs outputs, std::string app, Verbosity verbosity);

  void on_event(const Event& event) override;
  void on_fleet(const std::vector<InstanceView>& fleet) override;
  void on_warning(const std::string& message) override;
  void finish(const Verdict& verdict, int exit_status) override;
  void error(const Error& error, int exit_status) override;

 private:
  void say_handover(const DeployStarted& started);
  void say(const Line& line);
  void remark();
  [[nodiscard]] std::vector<Line> fleet_lines(std::vector<InstanceView> fleet) const;
  [[nodiscard]] std::string news_of(const InstanceView& instance) const;

  Outputs outputs_;
  std::string app_;
  Verbosity verbosity_;
  LinePrinter progress_;
  LeftOut left_out_;
  std::set<InstanceId> fresh_;  // seen before they were ready
};

}  // namespace rollctl
