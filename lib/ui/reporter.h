// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "deploy/verdict.h"
#include "deploy/world.h"

namespace rollctl {

// Tells the user of a command what it does and how it ended.
class Reporter : public Observer {
 public:
  // How a change ended, and the exit status that follows. Last, and once.
  virtual void finish(const Verdict& verdict, int exit_status) = 0;

  // A command that could not be carried out at all.
  virtual void error(const Error& error, int exit_status) = 0;
};

}  // namespace rollctl
