// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "app/app_status.h"
#include "base/clock.h"
#include "ui/line.h"

namespace rollctl {

enum class Detail {
  Normal,
  Full,  // also generations, shims and steering counters
};

// One app: its release, any running or interrupted change, problems,
// and a table of its instances. Cut to the terminal's width.
std::vector<Line> status_lines(const AppStatus& status, WallTime now, const Terminal& terminal,
                               Detail detail);

// A table with one line per app; empty if there are none.
std::vector<Line> overview_lines(const std::vector<AppStatus>& apps, WallTime now, const Terminal& terminal);

}  // namespace rollctl
