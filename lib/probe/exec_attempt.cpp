// SPDX-License-Identifier: MIT
#include "probe/exec_attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "probe/attempt.h"
#include "process/running_child.h"

namespace rollctl {

namespace {

constexpr size_t kKeptOutput = 400;

// The first line of a command's output, as the end of a message: `: "disk full"`.
std::string quoted_first_line(const std::string& output) {
  const size_t start = output.find_first_not_of("\r\n\t ");
  if (start == std::string::npos) return {};
  std::string line = output.substr(start, output.find_first_of("\r\n", start) - start);
  std::replace_if(line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return ": \"" + line + "\"";
}

ChildSpec child_spec(const ProbeSpec& spec) {
  ChildSpec child;
  child.argv = spec.command;
  child.env = spec.env;
  child.workdir = spec.workdir;
  child.credentials = spec.credentials;
  child.unmarked = ChildSpec::Unmarked::ForShell;
  return child;
}

class ExecAttempt final : public LoopAttempt {
 public:
  ExecAttempt(Loop& loop, const ProbeSpec& spec, Probe::Done done)
      : LoopAttempt(loop, spec.timeout, std::move(done)),
        name_("\"" + (spec.command.empty() ? std::string() : spec.command.front()) + "\"") {
    auto child = RunningChild::start(loop, child_spec(spec), RunningChild::Leftovers::Killed,
                                     {[this](std::string_view written) { keep(written); },
                                      [this](const Result<ExitStatus>& exit) { ended(exit); }});
    if (!child) {
      failed(child.error());
      return;
    }
    child_ = std::move(*child);
  }

  ~ExecAttempt() override { give_up(); }

 private:
  // Only the beginning.
  void keep(std::string_view written) {
    text_.append(written.substr(0, kKeptOutput - std::min(text_.size(), kKeptOutput)));
  }

  void ended(const Result<ExitStatus>& exit) {
    child_.reset();
    if (!exit) return not_ready(exit.error().message);
    if (exit->success()) return ready(name_ + " exited with 0");
    not_ready(name_ + " " + exit->text() + quoted_first_line(text_));
  }

  void give_up() {
    if (child_) child_->kill();
    child_.reset();
  }

  void timed_out() override {
    child_->read_output();
    give_up();
    not_ready(fmt::format("{} timed out after {}{}", name_, limit_text(), quoted_first_line(text_)));
  }

  std::string name_;
  std::string text_;
  std::unique_ptr<RunningChild> child_;
};

}  // namespace

std::unique_ptr<ProbeAttempt> attempt_exec(Loop& loop, const ProbeSpec& spec, Probe::Done done) {
  return std::make_unique<ExecAttempt>(loop, spec, std::move(done));
}

}  // namespace rollctl
