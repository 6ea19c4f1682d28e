// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "process/instance_record.h"
#include "ui/terminal.h"

namespace rollctl {

// What a word means; which colour that is, is decided here alone.
enum class Tone {
  Plain,
  Good,   // serves as it should
  Busy,   // on its way, or worth a look
  Bad,    // failed, or fewer than wanted
  Quiet,  // headings, and what is over
};

// A piece of a line. The text may be of any origin: it is made visible when it is rendered.
struct Span {
  std::string text;
  Tone tone = Tone::Plain;

  Span(std::string span_text, Tone span_tone = Tone::Plain) : text(std::move(span_text)), tone(span_tone) {}
  Span(const char* span_text, Tone span_tone = Tone::Plain) : text(span_text), tone(span_tone) {}
  bool operator==(const Span&) const = default;
};
using Line = std::vector<Span>;

// The bytes of one line, without '\n', at most `width` columns wide.
std::string render(const Line& line, const Terminal& terminal, size_t width = kNoLimit);
// Of whole lines, each with its '\n' and as long as it is.
std::string render(const std::vector<Line>& lines, const Terminal& terminal);

size_t line_width(const Line& line, Charset charset);

Tone tone_of(InstanceState state);

}  // namespace rollctl
