// SPDX-License-Identifier: MIT
#include "ui/table.h"

#include <algorithm>
#include <utility>

namespace rollctl {

namespace {

constexpr size_t kGap = 2;
constexpr size_t kReadableRest = 12;

}  // namespace

// The indexes and widths of the visible columns.
struct Table::Layout {
  std::vector<size_t> columns;
  std::vector<size_t> widths;
};

std::vector<Line> Table::lines(const Terminal& terminal) const {
  if (rows_.empty()) return {};
  const Layout layout = lay_out(terminal);
  std::vector<Span> headings;
  headings.reserve(columns_.size());
  for (const Column& column : columns_) headings.emplace_back(column.heading, Tone::Quiet);
  std::vector<Line> lines{line(headings, layout, terminal.charset)};
  for (const auto& row : rows_) lines.push_back(line(row, layout, terminal.charset));
  return lines;
}

std::vector<size_t> Table::full_widths(const Terminal& terminal) const {
  const bool bounded = terminal.size().columns != kNoLimit;
  std::vector<size_t> widths;
  for (size_t column = 0; column < columns_.size(); ++column) {
    size_t width = 0;
    for (const auto& row : rows_) width = std::max(width, display_width(row[column].text, terminal.charset));
    if (width > 0) width = std::max(width, display_width(columns_[column].heading, terminal.charset));
    widths.push_back(bounded ? std::min(width, columns_[column].widest) : width);
  }
  return widths;
}

Table::Layout Table::lay_out(const Terminal& terminal) const {
  const std::vector<size_t> full = full_widths(terminal);
  std::vector<size_t> by_importance;
  for (size_t column = 0; column < columns_.size(); ++column)
    if (full[column] > 0) by_importance.push_back(column);
  if (by_importance.empty()) return {};
  // The last column is prose, which may be cut; the others hold numbers and names.
  const size_t last = by_importance.back();
  std::ranges::sort(by_importance, [this](size_t one, size_t other) {
    return std::pair(columns_[other].importance, one) < std::pair(columns_[one].importance, other);
  });

  std::vector<size_t> given(columns_.size(), 0);
  size_t room = terminal.size().columns;
  given[by_importance.front()] = std::min(full[by_importance.front()], room);
  room -= given[by_importance.front()];
  for (const size_t column : by_importance) {
    const size_t least = column == last ? std::min(full[column], kReadableRest) : full[column];
    if (given[column] > 0 || kGap + least > room) continue;
    given[column] = least;
    room -= kGap + least;
  }
  if (given[last] > 0) given[last] = std::min(full[last], given[last] + room);

  Layout layout;
  for (size_t column = 0; column < columns_.size(); ++column) {
    if (given[column] == 0) continue;
    layout.columns.push_back(column);
    layout.widths.push_back(given[column]);
  }
  return layout;
}

Line Table::line(const std::vector<Span>& cells, const Layout& layout, Charset charset) const {
  Line line;
  std::string blank;  // held back, so that no line ends in spaces
  for (size_t place = 0; place < layout.columns.size(); ++place) {
    const size_t column = layout.columns[place];
    const std::string text = cut_to_width(cells[column].text, layout.widths[place], charset);
    const std::string padding(layout.widths[place] - display_width(text, charset), ' ');
    if (columns_[column].align == Align::Right) blank += padding;
    if (!text.empty()) {
      if (!blank.empty()) line.emplace_back(std::exchange(blank, {}));
      line.emplace_back(text, cells[column].tone);
    }
    if (columns_[column].align == Align::Left) blank += padding;
    blank += std::string(kGap, ' ');
  }
  return line;
}

}  // namespace rollctl
