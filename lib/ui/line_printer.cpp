// SPDX-License-Identifier: MIT
#include "ui/line_printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rollctl {

namespace {

constexpr const char* kClearToEndOfLine = "\x1b[K";
constexpr const char* kClearBelow = "\x1b[J";

std::string back_to_top(size_t lines) {
  return lines == 0 ? std::string() : fmt::format("\x1b[{}A", lines);
}

std::string draw(const std::vector<std::string>& region) {
  std::string bytes;
  for (const std::string& line : region) bytes += line + kClearToEndOfLine + '\n';
  return bytes;
}

}  // namespace

void LinePrinter::show(std::vector<Line> lines) {
  if (terminal_.motion == Terminal::Motion::None) return;
  wanted_ = fit(std::move(lines));
  if (wanted_ == region_ || sink_.flow() != Sink::Flow::Free) return;
  sink_.write(redrawn());
  region_ = wanted_;
}

void LinePrinter::print(const std::vector<Line>& lines) {
  if (lines.empty()) return;
  sink_.write(redrawn_below(lines));
  region_ = wanted_;
}

bool LinePrinter::offer(const Line& line) {
  if (!sink_.offer(redrawn_below({line}))) return false;
  region_ = wanted_;
  return true;
}

void LinePrinter::release() {
  if (wanted_ != region_) sink_.write(redrawn());
  region_.clear();
  wanted_.clear();
}

std::string LinePrinter::redrawn() const {
  std::string bytes = back_to_top(region_.size()) + draw(wanted_);
  if (wanted_.size() < region_.size()) bytes += kClearBelow;
  return bytes;
}

std::string LinePrinter::redrawn_below(const std::vector<Line>& lines) const {
  std::string bytes = back_to_top(region_.size());
  if (!region_.empty()) bytes += kClearBelow;
  return bytes + render(lines, terminal_) + draw(wanted_);
}

std::vector<std::string> LinePrinter::fit(std::vector<Line> lines) const {
  const Terminal::Size size = terminal_.size();
  // One row is for the cursor. The last column stays free: terminals differ in when they wrap after it.
  const size_t rows = std::max<size_t>(size.rows, 2) - 1;
  const size_t columns = std::max<size_t>(size.columns, 2) - 1;
  if (lines.size() > rows) {
    const size_t hidden = lines.size() - rows + 1;
    lines.resize(rows - 1);
    lines.push_back({Span(fmt::format("  {} {} more", ellipsis(terminal_.charset), hidden), Tone::Quiet)});
  }
  std::vector<std::string> rendered;
  rendered.reserve(lines.size());
  for (const Line& line : lines) rendered.push_back(render(line, terminal_, columns));
  return rendered;
}

}  // namespace rollctl
