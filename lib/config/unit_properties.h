// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace rollctl {

// Checks whether an app file may set this property of its instances' units. Invalid
// for a malformed name, for properties that rollctl sets itself (KillMode, ExecStart
// …) and for those that would put a server out of rollctl's reach (PrivateNetwork,
// User …). systemd checks unknown properties and values when an instance starts.
Status check_unit_property(const std::string& name);

}  // namespace rollctl
