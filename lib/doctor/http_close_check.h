// SPDX-License-Identifier: MIT
#pragma once

#include "doctor/host_check.h"

namespace rollctl {

// "http-close": whether the clients of a draining server can be asked to leave (http = "close" in [drain]).
// Loads the program, and lets it change a response on 127.0.0.1. Takes 40 ms, is given up after `limit`, and
// needs a caller with one thread.
HostCheck try_http_close_drain(Millis limit);

}  // namespace rollctl
