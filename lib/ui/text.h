// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

namespace rollctl {

// What the reader's locale can show.
enum class Charset { Ascii, Utf8 };

inline constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

// Text of unknown origin (a log line, STATUS=, a release) as it may be shown: nothing in it moves the cursor,
// changes colours or turns the reading direction. A control character becomes ^X, another unprintable one
// <U+009B>, a byte that is no UTF-8 (with Ascii: any byte beyond ASCII) \xff, a tab four spaces. What is
// visible already stays as it is.
std::string make_visible(std::string_view text, Charset charset);

// How many columns make_visible() of it takes; East Asian wide characters take two.
size_t display_width(std::string_view text, Charset charset);

// make_visible(), not wider than `width` columns; where something had to go it ends in "…" (Ascii: "...", and
// nothing where there is no room for that).
std::string cut_to_width(std::string_view text, size_t width, Charset charset);

const char* ellipsis(Charset charset);
const char* arrow(Charset charset);  // "→" or "->"

}  // namespace rollctl
