// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>

#include "ui/text.h"

namespace rollctl {

// Never with --no-color.
enum class ColorWish { Auto, Never };

// The capabilities of one output, detected once at the start.
struct Terminal {
  enum class Motion { None, InPlace };  // InPlace: lines can be redrawn
  enum class Colors { Off, On };
  struct Size {
    size_t columns = kNoLimit;
    size_t rows = kNoLimit;
    bool operator==(const Size&) const = default;
  };

  Motion motion = Motion::None;
  Colors colors = Colors::Off;
  Charset charset = Charset::Ascii;
  // Returns the current size, which changes with the window. Empty: no limit.
  std::function<Size()> ask_size;

  [[nodiscard]] Size size() const { return ask_size ? ask_size() : Size{}; }

  using Environment = std::function<const char*(const char*)>;

  // Detects the capabilities of `fd`. A terminal redraws and has colours, unless TERM is "dumb" or missing;
  // NO_COLOR (set and not empty) and ColorWish::Never turn colours off. Other files get neither, and no size
  // limit. The charset follows LC_ALL, LC_CTYPE, LANG. size() uses `fd`, so it is borrowed for as long.
  static Terminal detect(int fd, const Environment& environment, ColorWish wish);
};

}  // namespace rollctl
