// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>

#include "ui/text.h"

namespace rollctl {

// What --no-color says.
enum class ColorWish { Auto, Never };

// What can be done on one output. Decided once, at the start.
struct Terminal {
  enum class Motion { None, InPlace };  // InPlace: lines can be written over
  enum class Colors { Off, On };
  struct Size {
    size_t columns = kNoLimit;
    size_t rows = kNoLimit;
    bool operator==(const Size&) const = default;
  };

  Motion motion = Motion::None;
  Colors colors = Colors::Off;
  Charset charset = Charset::Ascii;
  // Its size now: a window may change while something is shown. Empty: no limit.
  std::function<Size()> ask_size;

  [[nodiscard]] Size size() const { return ask_size ? ask_size() : Size{}; }

  using Environment = std::function<const char*(const char*)>;

  // What `fd` is: a terminal moves and has colours unless TERM is "dumb" or missing; NO_COLOR (set and not
  // empty) and ColorWish::Never take the colours away; anything else than a terminal gets neither, and no
  // limit to its lines. UTF-8 follows LC_ALL, LC_CTYPE, LANG. `fd` is borrowed for as long as sizes are asked
  // for.
  static Terminal detect(int fd, const Environment& environment, ColorWish wish);
};

}  // namespace rollctl
