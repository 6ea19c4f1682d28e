// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/process_ref.h"
#include "probe/attempt.h"
#include "probe/exec_child.h"
#include "probe/kinds.h"

namespace roll {

namespace {

constexpr size_t kKeptOutput = 400;
// A killed process is gone within a millisecond, unless it is stuck in the kernel; then it is left behind.
constexpr Millis kLongestReaping{1000};

// What a command wrote, as the end of a message: `: "disk full"`, its first line only.
std::string quoted_first_line(const std::string& output) {
  const size_t start = output.find_first_not_of("\r\n\t ");
  if (start == std::string::npos) return {};
  std::string line = output.substr(start, output.find_first_of("\r\n", start) - start);
  std::replace_if(line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return ": \"" + line + "\"";
}

class ExecAttempt final : public LoopAttempt {
 public:
  ExecAttempt(Loop& loop, const ProbeSpec& spec, Probe::Done done)
      : LoopAttempt(loop, spec.timeout, std::move(done)),
        name_("\"" + (spec.command.empty() ? std::string() : spec.command.front()) + "\"") {
    auto child = start_exec_child(spec);
    if (!child) {
      failed(child.error());
      return;
    }
    child_.emplace(std::move(*child));
    exited_ = loop.on_readable(child_->process.fd(), [this] { exited(); });
    output_ = loop.on_readable(child_->output.get(), [this] { read_output(); });
  }

  ~ExecAttempt() override { end_child(); }

 private:
  // Empties the pipe, so that a talkative command is not held up; only the beginning is kept.
  void read_output() {
    char buffer[4096];
    for (;;) {
      const ssize_t got = ::read(child_->output.get(), buffer, sizeof buffer);
      if (got > 0) {
        text_.append(buffer,
                     std::min(static_cast<size_t>(got), kKeptOutput - std::min(text_.size(), kKeptOutput)));
        continue;
      }
      if (got == 0) output_.reset();
      if (got < 0 && errno == EINTR) continue;
      return;
    }
  }

  void exited() {
    read_output();
    const auto status = end_child();
    if (!status) return not_ready(name_ + " ended in an unknown way");
    if (WIFSIGNALED(*status))
      return not_ready(fmt::format("{} was killed by {}{}", name_, signal_name(WTERMSIG(*status)),
                                   quoted_first_line(text_)));
    if (WEXITSTATUS(*status) == 0) return ready(name_ + " exited with 0");
    not_ready(fmt::format("{} exited with {}{}", name_, WEXITSTATUS(*status), quoted_first_line(text_)));
  }

  // Kills what is left of the process group and reaps the command.
  std::optional<int> end_child() {
    exited_.reset();
    output_.reset();
    if (!child_) return std::nullopt;
    // Not reaped yet, so neither the pid nor the group can be anybody else's.
    const pid_t pid = child_->process.id().pid;
    kill(-pid, SIGKILL);
    pollfd wait{.fd = child_->process.fd(), .events = POLLIN, .revents = 0};
    poll(&wait, 1, static_cast<int>(kLongestReaping.count()));
    int status = 0;
    const bool reaped = waitpid(pid, &status, WNOHANG) == pid;
    child_.reset();
    return reaped ? std::optional(status) : std::nullopt;
  }

  void timed_out() override {
    read_output();
    end_child();
    not_ready(fmt::format("{} timed out after {}{}", name_, limit_text(), quoted_first_line(text_)));
  }

  std::string name_;
  std::string text_;
  std::optional<ExecChild> child_;
  Watch exited_;
  Watch output_;
};

}  // namespace

std::unique_ptr<ProbeAttempt> attempt_exec(Loop& loop, const ProbeSpec& spec, Probe::Done done) {
  return std::make_unique<ExecAttempt>(loop, spec, std::move(done));
}

}  // namespace roll
