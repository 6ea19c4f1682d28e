// SPDX-License-Identifier: MIT
#pragma once

#include "state/timed_log.h"

namespace rollctl {

// Shows log lines of instances.
class LogPrinter {
 public:
  virtual ~LogPrinter() = default;
  virtual void print(const LogLine& line) = 0;
};

}  // namespace rollctl
