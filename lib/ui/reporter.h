// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "deploy/verdict.h"
#include "deploy/world.h"

namespace rollctl {

// Reports the progress and the end of a command to its user.
class Reporter : public Observer {
 public:
  // Reports the verdict and the exit status. Called once, last.
  virtual void finish(const Verdict& verdict, int exit_status) = 0;

  // Reports a command that failed before it had a verdict.
  virtual void error(const Error& error, int exit_status) = 0;
};

}  // namespace rollctl
