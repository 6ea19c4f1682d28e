// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace rollctl {

// The id of an instance: the app never uses it twice.
using InstanceId = int64_t;

// As messages name it.
inline std::string instance_text(InstanceId instance) {
  return "instance " + std::to_string(instance);
}

}  // namespace rollctl
