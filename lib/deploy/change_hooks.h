// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/generation_spec.h"
#include "deploy/ending.h"
#include "deploy/recorder.h"
#include "deploy/wait.h"

namespace rollctl {

// Runs the hooks of one change.
class ChangeHooks {
 public:
  // The specification is borrowed: its values replace the placeholders of the commands.
  ChangeHooks(World& world, Recorder& recorder, const GenerationSpec& spec)
      : world_(world), recorder_(recorder), spec_(spec) {}

  // Blocks until the hook has ended. Does nothing where `argv` is empty. HookFailed where it cannot be
  // started or does not exit with 0. After a signal, or once it `is_moot`, it runs on and is waited for no
  // longer.
  Act run(const char* name, const std::vector<std::string>& argv, OnInterrupt on_interrupt,
          const std::function<bool()>& is_moot = {});

  // Runs a hook whose failure changes nothing: it is only warned of.
  void try_run(const char* name, const std::vector<std::string>& argv,
               const std::function<bool()>& is_moot = {});

 private:
  World& world_;
  Recorder& recorder_;
  const GenerationSpec& spec_;
};

}  // namespace rollctl
