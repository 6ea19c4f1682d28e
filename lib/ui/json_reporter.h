// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/left_out.h"
#include "base/sink.h"
#include "ui/reporter.h"

namespace rollctl {

// `--json`: one object per line, all on `out`: the events as the journal has them, warnings as
//   {"v":1,"event":"warning","app":…,"message":…}
// and a failure as the last line:
//   {"v":1,"event":"error","exit":1,"message":…,"hint":…}
// with "instance" (its id) and "log" (its last log lines) if an instance made the change fail.
class JsonReporter final : public Reporter {
 public:
  // The sink is borrowed.
  JsonReporter(Sink& out, std::string app) : out_(out), app_(std::move(app)) {}

  void on_event(const Event& event) override;
  void on_fleet(const std::vector<InstanceView>&) override {}
  void on_warning(const std::string& message) override;
  void finish(const Verdict& verdict, int exit_status) override;
  void error(const Error& error, int exit_status) override;

 private:
  void say(const std::string& line);
  void remark();

  Sink& out_;
  std::string app_;
  LeftOut left_out_;
  enum class Ending { Untold, Told };
  Ending ending_ = Ending::Untold;
};

}  // namespace rollctl
