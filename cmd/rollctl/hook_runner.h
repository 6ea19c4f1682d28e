// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "deploy/world.h"
#include "loop/loop.h"
#include "process/running_child.h"
#include "ui/sink.h"

namespace roll {

// Runs hooks as children of this process, one at a time; what they print goes to `output`.
class HookRunner final : public Hooks {
 public:
  HookRunner(Loop& loop, Sink& output);

  void run(const std::vector<std::string>& argv, const std::vector<std::string>& env,
           std::function<void(Result<ExitStatus>)> done) override;

 private:
  Loop& loop_;
  Sink& output_;
  std::unique_ptr<RunningChild> running_;
  Watch later_;
};

}  // namespace roll
