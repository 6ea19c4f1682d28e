// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ui/line.h"

namespace rollctl {

// A release's label may be longer than all the rest of a line.
inline constexpr size_t kWidestRelease = 32;

// Rows under headings, aligned, two spaces between columns. A column whose cells are all empty is left out.
// Where the table is too wide, columns get their room in the order of their importance, and those for which
// there is none are left out; the last column is text and may be cut down to a readable rest.
class Table {
 public:
  enum class Align { Left, Right };
  struct Column {
    std::string heading;
    Align align = Align::Left;
    int importance = 0;        // the highest gets its room first; of equals the leftmost
    size_t widest = kNoLimit;  // on a terminal, where it would push out others
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void add_row(std::vector<Span> cells) { rows_.push_back(std::move(cells)); }

  // The heading line first, and nothing where there is no row.
  [[nodiscard]] std::vector<Line> lines(const Terminal& terminal) const;

 private:
  struct Layout;
  [[nodiscard]] std::vector<size_t> full_widths(const Terminal& terminal) const;
  [[nodiscard]] Layout lay_out(const Terminal& terminal) const;
  [[nodiscard]] Line line(const std::vector<Span>& cells, const Layout& layout, Charset charset) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Span>> rows_;
};

}  // namespace rollctl
