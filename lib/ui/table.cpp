// SPDX-License-Identifier: MIT
#include "ui/table.h"

#include <algorithm>
#include <utility>

namespace roll {

namespace {

constexpr size_t kGap = 2;
constexpr size_t kReadableRest = 12;

}  // namespace

// The columns that are shown, by their number, and how wide each is.
struct Table::Layout {
  std::vector<size_t> columns;
  std::vector<size_t> widths;

  [[nodiscard]] size_t total() const {
    size_t sum = columns.empty() ? 0 : (columns.size() - 1) * kGap;
    for (const size_t width : widths) sum += width;
    return sum;
  }
  void drop(size_t place) {
    columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(place));
    widths.erase(widths.begin() + static_cast<std::ptrdiff_t>(place));
  }
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

Table::Layout Table::lay_out(const Terminal& terminal) const {
  Layout layout;
  const size_t room = terminal.size().columns;
  for (size_t column = 0; column < columns_.size(); ++column) {
    size_t width = 0;
    for (const auto& row : rows_) width = std::max(width, display_width(row[column].text, terminal.charset));
    if (width == 0) continue;
    layout.columns.push_back(column);
    width = std::max(width, display_width(columns_[column].heading, terminal.charset));
    layout.widths.push_back(room == kNoLimit ? width : std::min(width, columns_[column].widest));
  }
  while (layout.total() > room) {
    const size_t excess = layout.total() - room;
    const size_t last = layout.widths.back();
    // What fills the last column is text, which may be cut; the others hold numbers and names.
    if (last > kReadableRest && last - kReadableRest >= excess) {
      layout.widths.back() -= excess;
      break;
    }
    if (layout.columns.size() == 1) {
      layout.widths.back() = std::min(last, room);
      break;
    }
    const auto least = std::min_element(
        layout.columns.rbegin(), layout.columns.rend(),
        [this](size_t one, size_t other) { return columns_[one].importance < columns_[other].importance; });
    layout.drop(static_cast<size_t>(layout.columns.rend() - least) - 1);
  }
  return layout;
}

Line Table::line(const std::vector<Span>& cells, const Layout& layout, Charset charset) const {
  Line line;
  std::string blank;  // not yet said: nothing ends in spaces
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

}  // namespace roll
