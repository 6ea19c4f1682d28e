// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "ui/line.h"

namespace rollctl {

// "rollctl: message", and "hint: …" if the error has a hint.
std::vector<Line> error_lines(const Error& error);

// "warning: message"
Line warning_line(const std::string& message);

// "hint: …"
Line hint_line(const std::string& hint);

}  // namespace rollctl
