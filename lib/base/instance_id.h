// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace rollctl {

// The id of an instance; an app never reuses one.
using InstanceId = int64_t;

// The name of an instance in messages: "instance 7".
inline std::string instance_text(InstanceId instance) {
  return "instance " + std::to_string(instance);
}

}  // namespace rollctl
