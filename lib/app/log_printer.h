// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "steering/steering.h"

namespace rollctl {

// Shows log lines of instances.
class LogPrinter {
 public:
  virtual ~LogPrinter() = default;

  // `text` is one line without its newline.
  virtual void print(InstanceId id, const std::string& text) = 0;
};

}  // namespace rollctl
