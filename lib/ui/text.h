// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

namespace rollctl {

// The characters that the user's locale can show.
enum class Charset { Ascii, Utf8 };

inline constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

// Makes untrusted text (a log line, STATUS=, a release) safe to print: it cannot move the cursor, change
// colours or turn the reading direction. A control character becomes ^X, another unprintable one <U+009B>, a
// byte that is not UTF-8 (with Ascii: any byte beyond ASCII) \xff, a tab four spaces.
std::string make_visible(std::string_view text, Charset charset);

// The width of make_visible(text) in columns; East Asian wide characters take two.
size_t display_width(std::string_view text, Charset charset);

// make_visible(text), cut to `width` columns. A cut text ends
// in "…" (Ascii: "..."), if `width` has room for that.
std::string cut_to_width(std::string_view text, size_t width, Charset charset);

const char* ellipsis(Charset charset);
const char* arrow(Charset charset);  // "→" or "->"

}  // namespace rollctl
