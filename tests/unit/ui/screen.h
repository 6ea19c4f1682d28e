// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/sink.h"
#include "ui/terminal.h"

namespace rollctl::test {

class StringSink final : public Sink {
 public:
  void write(std::string_view text) override {
    bytes += text;
    ++writes;
  }
  [[nodiscard]] Flow flow() const override { return now; }
  bool offer(std::string_view text) override {
    if (now != Flow::Blocked) write(text);
    return now != Flow::Blocked;
  }
  // The output since the last call.
  std::string take() { return std::exchange(bytes, {}); }

  std::string bytes;
  int writes = 0;
  Flow now = Flow::Free;  // Blocked: offer() drops text
};

inline Terminal pipe_output(Charset charset = Charset::Ascii) {
  return {Terminal::Motion::None, Terminal::Colors::Off, charset, {}};
}

inline Terminal screen(size_t columns, size_t rows = 24, Terminal::Colors colors = Terminal::Colors::Off,
                       Charset charset = Charset::Ascii) {
  return {Terminal::Motion::InPlace, colors, charset, [=] { return Terminal::Size{columns, rows}; }};
}

inline Terminal color_screen(size_t columns = 80) {
  return screen(columns, 24, Terminal::Colors::On, Charset::Utf8);
}

// The current time in view tests.
inline const WallTime kNow = parse_time("2026-01-31T12:00:00.000Z").value();

}  // namespace rollctl::test
