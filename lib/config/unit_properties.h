// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace rollctl {

// Whether an app file may set this property of its instances' units. Which properties there are, and what
// they take, is systemd's to say, when an instance starts. Invalid for what is no property's name, for what
// rollctl sets itself (KillMode, ExecStart …), and for what would start a server where rollctl does not reach
// it (PrivateNetwork, User …).
Status check_unit_property(const std::string& name);

}  // namespace rollctl
