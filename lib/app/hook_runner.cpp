// SPDX-License-Identifier: MIT
#include "app/hook_runner.h"

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>

namespace rollctl {

namespace {

constexpr Micros kPause{20'000};

}  // namespace

HookRunner::HookRunner(Loop& loop, Sink& output) : loop_(loop), output_(output) {}

void HookRunner::run(const OnceLaunch& hook, std::function<void(Result<ExitStatus>)> done) {
  ChildSpec spec;
  spec.argv = hook.argv;
  spec.env = hook.env;
  spec.workdir = hook.workdir;
  spec.credentials = hook.credentials;
  spec.unmarked = ChildSpec::Unmarked::ForShell;
  auto child = RunningChild::start(loop_, std::move(spec), RunningChild::Leftovers::GoOn,
                                   {[this](std::string_view written) { pass_on(written); },
                                    [this, done](Result<ExitStatus> exit) {
                                      resume_.reset();
                                      remark();
                                      running_.reset();
                                      done(std::move(exit));
                                    }});
  if (!child) {
    later_ = loop_.after(Micros(0), [done = std::move(done), error = child.error()] { done(fail(error)); });
    return;
  }
  running_ = std::move(*child);
}

void HookRunner::end(End how) {
  if (running_) running_->end(how == End::Asked ? SIGTERM : SIGKILL);
}

void HookRunner::pass_on(std::string_view written) {
  const auto lines =
      std::max<size_t>(1, static_cast<size_t>(std::count(written.begin(), written.end(), '\n')));
  if (output_.flow() == Sink::Flow::Blocked) return left_out_.add(lines);
  left_out_.offer(
      lines, [&] { return output_.offer(written); },
      [&](const std::string& remark) { return output_.offer("[" + remark + "]\n"); });
  if (!running_ || output_.flow() != Sink::Flow::Slow) return;
  running_->pause_output();
  resume_ = loop_.after(kPause, [this] { running_->resume_output(); });
}

void HookRunner::remark() {
  if (const auto remark = left_out_.take_remark()) output_.write("[" + *remark + "]\n");
}

}  // namespace rollctl
