// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "deploy/world.h"
#include "loop/loop.h"
#include "ui/sink.h"

namespace roll {

// Runs hooks as children of this process, one at a time; what they print goes to `output`.
class HookRunner final : public Hooks {
 public:
  HookRunner(Loop& loop, Sink& output);
  ~HookRunner() override;

  void run(const std::vector<std::string>& argv, const std::vector<std::string>& env,
           std::function<void(Result<ExitStatus>)> done) override;

 private:
  struct Running;
  void copy_output();

  Loop& loop_;
  Sink& output_;
  std::unique_ptr<Running> running_;
  Watch later_;
};

}  // namespace roll
