// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "rollctl/context.h"
#include "steering/steering.h"

namespace roll {

// A line of an instance's log, as `rollctl logs` shows it.
class LogPrinter {
 public:
  explicit LogPrinter(Context& context) : context_(context) {}

  void print(InstanceId id, const std::string& text);

 private:
  Context& context_;
};

}  // namespace roll
