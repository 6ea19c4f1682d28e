// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/sink.h"
#include "ui/line.h"
#include "ui/terminal.h"

namespace rollctl {

// Prints lines that stay, and below them a region that is redrawn in place. On a pipe or a dumb terminal
// there is no region: show() does nothing.
//
// Each call is one write to the sink and leaves the cursor at the start of the line below the region, so that
// later output of rollctl or the shell starts on a line of its own.
class LinePrinter {
 public:
  // Both are borrowed.
  LinePrinter(Sink& sink, const Terminal& terminal) : sink_(sink), terminal_(terminal) {}

  // Replaces the region. Cuts each line to the terminal's width and replaces lines that exceed its height by
  // a count. If the sink is slow, the next call draws the region.
  void show(std::vector<Line> lines);

  // Prints a line above the region, at full length.
  void print(const Line& line) { print(std::vector<Line>{line}); }
  void print(const std::vector<Line>& lines);

  // The same, but a blocked sink may drop the line; then returns false.
  [[nodiscard]] bool offer(const Line& line);

  // Keeps the region as ordinary lines; the next show() starts a new one.
  void release();

 private:
  [[nodiscard]] std::vector<std::string> fit(std::vector<Line> lines) const;
  [[nodiscard]] std::string redrawn() const;
  [[nodiscard]] std::string redrawn_below(const std::vector<Line>& lines) const;

  Sink& sink_;
  const Terminal& terminal_;
  std::vector<std::string> region_;  // on the terminal now
  std::vector<std::string> wanted_;  // to be drawn
};

}  // namespace rollctl
