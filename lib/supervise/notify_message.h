// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace rollctl {

// A status text is cut to this many bytes.
inline constexpr size_t kMaxStatusText = 1024;

// A datagram as of sd_notify(3); unknown assignments are ignored.
struct NotifyMessage {
  bool ready = false;                    // READY=1
  std::optional<std::string> status;     // STATUS=…, UTF-8 without control characters, cut to kMaxStatusText
  std::optional<Micros> extend_timeout;  // EXTEND_TIMEOUT_USEC=…, at most a day
  std::optional<pid_t> main_pid = {};    // MAINPID=…
};

// Accepts any bytes.
NotifyMessage parse_notify(std::string_view datagram);

}  // namespace rollctl
