// SPDX-License-Identifier: MIT
#include "ui/doctor_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

namespace rollctl {

namespace {

constexpr size_t kNarrowest = 20;  // a narrower paragraph is left for the terminal to wrap

Span outcome_of(const HostCheck& check) {
  switch (check.outcome) {
    case HostCheck::Outcome::Works:
      return {"ok", Tone::Good};
    case HostCheck::Outcome::Fails:
      return {"no", check.need == HostCheck::Need::Always ? Tone::Bad : Tone::Busy};
    case HostCheck::Outcome::LikelyWorks:
    case HostCheck::Outcome::Untried:
      return {"not tried", Tone::Quiet};
  }
  return {""};
}

// Splits at blanks into pieces of at most `width` columns; a longer word gets a piece of its own.
std::vector<std::string> wrap(std::string_view text, size_t width, Charset charset) {
  std::vector<std::string> pieces{""};
  while (!text.empty()) {
    const size_t blank = std::min(text.find(' '), text.size());
    const std::string word(text.substr(0, blank));
    text.remove_prefix(std::min(blank + 1, text.size()));
    std::string& last = pieces.back();
    if (last.empty()) {
      last = word;
    } else if (display_width(last, charset) + 1 + display_width(word, charset) <= width) {
      last += " " + word;
    } else {
      pieces.push_back(word);
    }
  }
  return pieces;
}

// `head`, then the text; its further lines are indented to the width of `head`.
void add_paragraph(std::vector<Line>& lines, Line head, std::string_view text, const Terminal& terminal) {
  const size_t columns = terminal.size().columns;
  const size_t indent = line_width(head, terminal.charset);
  const bool fits = columns == kNoLimit || columns >= indent + kNarrowest;
  const size_t width = fits && columns != kNoLimit ? columns - indent : kNoLimit;
  for (const std::string& piece : wrap(text, width, terminal.charset)) {
    head.emplace_back(piece);
    lines.push_back(std::exchange(head, Line{std::string(indent, ' ')}));
  }
}

size_t widest_name(std::span<const HostCheck> checks) {
  size_t widest = 0;
  for (const HostCheck& check : checks) widest = std::max(widest, check.name.size());
  return widest;
}

void add_check(std::vector<Line>& lines, const HostCheck& check, size_t name_width, const Terminal& terminal,
               Detail detail) {
  Span outcome = outcome_of(check);
  outcome.text = fmt::format("{:9}", outcome.text);
  add_paragraph(lines, {outcome, "  " + fmt::format("{:{}}", check.name, name_width) + "  "}, check.message,
                terminal);
  if (detail == Detail::Full && !check.hint.empty())
    add_paragraph(lines, {std::string(9 + 2 + name_width + 2, ' '), {"hint: ", Tone::Quiet}}, check.hint,
                  terminal);
}

void add_verdict(std::vector<Line>& lines, const HostAssessment& verdict, const Terminal& terminal) {
  add_paragraph(lines, {}, verdict.guarantee, terminal);
  if (!verdict.improve.empty())
    add_paragraph(lines, {{"to improve it: ", Tone::Quiet}}, verdict.improve, terminal);
}

}  // namespace

std::vector<Line> doctor_lines(const HostAssessment& verdict, std::span<const HostCheck> checks,
                               const Terminal& terminal, Detail detail) {
  std::vector<Line> lines;
  for (const HostCheck& check : checks) add_check(lines, check, widest_name(checks), terminal, detail);
  lines.push_back({""});
  add_verdict(lines, verdict, terminal);
  return lines;
}

std::vector<Line> doctor_complaints(const HostAssessment& verdict, std::span<const HostCheck> checks,
                                    const Terminal& terminal) {
  std::vector<Line> lines;
  if (verdict.lossless) return lines;
  for (const HostCheck& check : checks) {
    if (check.outcome == HostCheck::Outcome::Fails)
      add_check(lines, check, widest_name(checks), terminal, Detail::Normal);
  }
  add_verdict(lines, verdict, terminal);
  return lines;
}

nlohmann::json doctor_json(const HostAssessment& verdict, std::span<const HostCheck> checks) {
  nlohmann::json list = nlohmann::json::array();
  for (const HostCheck& check : checks)
    list.push_back({{"name", check.name},
                    {"ok", check.ok()},
                    {"tried", check.tried()},
                    {"message", check.message},
                    {"hint", check.hint}});
  return {{"v", 1},
          {"handover", handover_name(verdict.handover)},
          {"lossless", verdict.lossless},
          {"guarantee", verdict.guarantee},
          {"improve", verdict.improve},
          {"checks", list}};
}

}  // namespace rollctl
