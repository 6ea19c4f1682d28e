// SPDX-License-Identifier: MIT
#include "rollctl/hook_runner.h"

#include <utility>

namespace roll {

HookRunner::HookRunner(Loop& loop, Sink& output) : loop_(loop), output_(output) {}

void HookRunner::run(const std::vector<std::string>& argv, const std::vector<std::string>& env,
                     std::function<void(Result<ExitStatus>)> done) {
  ChildSpec spec;
  spec.argv = argv;
  spec.env = env;
  spec.unmarked = ChildSpec::Unmarked::ForShell;
  auto child = RunningChild::start(loop_, std::move(spec), RunningChild::Leftovers::GoOn,
                                   {[this](std::string_view written) { output_.write(written); },
                                    [this, done](Result<ExitStatus> exit) {
                                      running_.reset();
                                      done(std::move(exit));
                                    }});
  if (!child) {
    later_ = loop_.after(Micros(0), [done = std::move(done), error = child.error()] { done(fail(error)); });
    return;
  }
  running_ = std::move(*child);
}

}  // namespace roll
