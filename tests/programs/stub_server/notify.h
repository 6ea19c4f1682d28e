// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "behaviours.h"

namespace rollctl::stub {

// Sends a datagram to $NOTIFY_SOCKET as sd_notify(3) does; does nothing where that is unset. Never blocks:
// what does not fit is lost.
void notify(NotifyWay way, std::string_view message);

}  // namespace rollctl::stub
