// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "steering/steering.h"

namespace rollctl {

// Shows what instances have logged.
class LogPrinter {
 public:
  virtual ~LogPrinter() = default;

  // One line, without its end.
  virtual void print(InstanceId id, const std::string& text) = 0;
};

}  // namespace rollctl
