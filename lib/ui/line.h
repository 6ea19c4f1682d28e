// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "process/instance_record.h"
#include "ui/terminal.h"

namespace rollctl {

// The meaning of a word; line.cpp alone maps it to a colour.
enum class Tone {
  Plain,
  Good,   // works as wanted
  Busy,   // in progress, or worth a look
  Bad,    // failed, or fewer than wanted
  Quiet,  // headings, and finished things
};

// A piece of a line. The text need not be trusted: render() passes it through make_visible().
struct Span {
  std::string text;
  Tone tone = Tone::Plain;

  Span(std::string span_text, Tone span_tone = Tone::Plain) : text(std::move(span_text)), tone(span_tone) {}
  Span(const char* span_text, Tone span_tone = Tone::Plain) : text(span_text), tone(span_tone) {}
  bool operator==(const Span&) const = default;
};
using Line = std::vector<Span>;

// Renders one line, without '\n', at most `width` columns wide.
std::string render(const Line& line, const Terminal& terminal, size_t width = kNoLimit);
// Renders lines at full length, each with its '\n'.
std::string render(const std::vector<Line>& lines, const Terminal& terminal);

size_t line_width(const Line& line, Charset charset);

Tone tone_of(InstanceState state);

}  // namespace rollctl
