// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ui/line.h"

namespace rollctl {

// Keeps a long release label from pushing out the other columns.
inline constexpr size_t kWidestRelease = 32;

// A table with headings, aligned, two spaces between columns. Columns without text are omitted. If the
// terminal is too narrow, the least important columns are omitted; the last column may also be cut.
class Table {
 public:
  enum class Align { Left, Right };
  struct Column {
    std::string heading;
    Align align = Align::Left;
    int importance = 0;        // the highest gets its room first; among equals the leftmost
    size_t widest = kNoLimit;  // applies on a terminal only
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell per column.
  void add_row(std::vector<Span> cells) { rows_.push_back(std::move(cells)); }

  // The heading line, then the rows; empty without rows.
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
