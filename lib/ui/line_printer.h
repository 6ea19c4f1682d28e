// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/sink.h"
#include "ui/line.h"
#include "ui/terminal.h"

namespace rollctl {

// Lines that stay, and below them a region of lines that are written over in place. Where nothing can be
// written over (a pipe, a dumb terminal) there is no region: show() does nothing.
//
// Each call is one write to the sink, and leaves the cursor at the start of the line below the region, so
// that whatever else is written to the terminal afterwards, by us or a shell, begins on a line of its own.
class LinePrinter {
 public:
  // Both are borrowed.
  LinePrinter(Sink& sink, const Terminal& terminal) : sink_(sink), terminal_(terminal) {}

  // Replaces the region. Each line is cut to the terminal's width; of more lines than it is high the last
  // ones give way to a line that says how many. Where the sink does not let text out freely it is what the
  // next call brings along.
  void show(std::vector<Line> lines);

  // A line that stays, above the region; as long as it is.
  void print(const Line& line) { print(std::vector<Line>{line}); }
  void print(const std::vector<Line>& lines);

  // The same of one that may be left out; false: it was.
  [[nodiscard]] bool offer(const Line& line);

  // The region stays as it is, as ordinary lines: the next show() begins a new one.
  void release();

 private:
  [[nodiscard]] std::vector<std::string> fit(std::vector<Line> lines) const;
  [[nodiscard]] std::string redrawn() const;
  [[nodiscard]] std::string redrawn_below(const std::vector<Line>& lines) const;

  Sink& sink_;
  const Terminal& terminal_;
  std::vector<std::string> region_;  // as it stands on the terminal
  std::vector<std::string> wanted_;  // as it shall
};

}  // namespace rollctl
