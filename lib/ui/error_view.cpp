// SPDX-License-Identifier: MIT
#include "ui/error_view.h"

namespace rollctl {

std::vector<Line> error_lines(const Error& error) {
  std::vector<Line> lines{{Span("rollctl:", Tone::Bad), " " + error.message}};
  if (!error.hint.empty()) lines.push_back(hint_line(error.hint));
  return lines;
}

Line warning_line(const std::string& message) {
  return {Span("warning:", Tone::Busy), " " + message};
}

Line hint_line(const std::string& hint) {
  return {Span("hint:", Tone::Quiet), " " + hint};
}

}  // namespace rollctl
