// SPDX-License-Identifier: MIT
#include "ui/line.h"

#include <algorithm>

namespace rollctl {

namespace {

const char* color_of(Tone tone) {
  switch (tone) {
    case Tone::Plain:
      return "";
    case Tone::Good:
      return "\x1b[32m";
    case Tone::Busy:
      return "\x1b[33m";
    case Tone::Bad:
      return "\x1b[31m";
    case Tone::Quiet:
      return "\x1b[2m";
  }
  return "";
}

std::string paint(const std::string& text, Tone tone, Terminal::Colors colors) {
  if (text.empty() || tone == Tone::Plain || colors == Terminal::Colors::Off) return text;
  return color_of(tone) + text + "\x1b[0m";
}

}  // namespace

std::string render(const Line& line, const Terminal& terminal, size_t width) {
  std::string bytes;
  size_t left = line_width(line, terminal.charset);
  size_t room = width;
  for (const Span& span : line) {
    const size_t wide = display_width(span.text, terminal.charset);
    // A span that fits is cut anyway if the rest of the line does not fit and the ellipsis needs its room.
    const size_t mark = left > room ? display_width(ellipsis(terminal.charset), terminal.charset) : 0;
    if (wide + mark <= room) {
      bytes += paint(make_visible(span.text, terminal.charset), span.tone, terminal.colors);
      room -= wide;
      left -= wide;
      continue;
    }
    // Padded to exceed the room, so that cut_to_width() adds the ellipsis.
    const std::string rest = span.text + std::string(room + 1, ' ');
    bytes += paint(cut_to_width(rest, room, terminal.charset), span.tone, terminal.colors);
    break;
  }
  return bytes;
}

std::string render(const std::vector<Line>& lines, const Terminal& terminal) {
  std::string bytes;
  for (const Line& line : lines) bytes += render(line, terminal) + '\n';
  return bytes;
}

size_t line_width(const Line& line, Charset charset) {
  size_t width = 0;
  for (const Span& span : line) width += display_width(span.text, charset);
  return width;
}

Tone tone_of(InstanceState state) {
  switch (state) {
    case InstanceState::Serving:
    case InstanceState::Canary:
      return Tone::Good;
    case InstanceState::Starting:
    case InstanceState::Ready:
    case InstanceState::Settling:
    case InstanceState::Draining:
    case InstanceState::Restarting:
      return Tone::Busy;
    case InstanceState::Failed:
      return Tone::Bad;
    case InstanceState::Standby:
    case InstanceState::Stopped:
      return Tone::Quiet;
  }
  return Tone::Plain;
}

}  // namespace rollctl
