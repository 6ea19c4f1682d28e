// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>

#include "base/left_out.h"
#include "base/sink.h"
#include "deploy/world.h"
#include "loop/loop.h"
#include "process/running_child.h"

namespace rollctl {

// Runs hooks as children of this process, one at a time, and copies their output to `output`. If `output`
// blocks, the hook goes on and its output is dropped.
class HookRunner final : public Hooks {
 public:
  HookRunner(Loop& loop, Sink& output);

  void run(const OnceLaunch& hook, std::function<void(Result<ExitStatus>)> done) override;
  void end(End how) override;

 private:
  void pass_on(std::string_view written);
  void remark();

  Loop& loop_;
  Sink& output_;
  LeftOut left_out_;
  std::unique_ptr<RunningChild> running_;
  Watch later_;
  Watch resume_;
};

}  // namespace rollctl
