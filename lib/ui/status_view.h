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
  Full,  // also generations, shims and what was steered
};

// One app: what serves and since when, what runs or was left over, and a table of its instances. Cut to the
// terminal's width.
std::vector<Line> status_lines(const AppStatus& status, WallTime now, const Terminal& terminal,
                               Detail detail);

// All apps, a line each; nothing for none.
std::vector<Line> overview_lines(const std::vector<AppStatus>& apps, WallTime now, const Terminal& terminal);

}  // namespace rollctl
