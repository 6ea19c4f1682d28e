// SPDX-License-Identifier: MIT
#include "ui/text.h"

#include <fmt/format.h>
#include <locale.h>
#include <wchar.h>

namespace rollctl {

namespace {

// Sets a UTF-8 locale for this thread during its lifetime: mbrtowc() and wcwidth() need one.
class Utf8Locale {
 public:
  Utf8Locale() : before_(uselocale(utf8())) {}
  ~Utf8Locale() { uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t utf8() {
    static const locale_t kUtf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return kUtf8;
  }
  locale_t before_;
};

struct Glyph {
  std::string shown;
  size_t width = 0;
};

Glyph plain(std::string shown) {
  const size_t width = shown.size();
  return {std::move(shown), width};
}

bool turns_direction(wchar_t c) {
  return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

// Removes the next character from `text`.
Glyph take_glyph(std::string_view& text, Charset charset) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) {
    text.remove_prefix(1);
    if (first == '\t') return plain("    ");
    if (first < 0x20 || first == 0x7f) return plain({'^', static_cast<char>(first ^ 0x40)});
    return plain({static_cast<char>(first)});
  }
  // Only beyond ASCII: loading the locale takes longer than the rest of a short command.
  const Utf8Locale locale;
  wchar_t character = 0;
  mbstate_t state{};
  const size_t used = charset == Charset::Utf8 ? mbrtowc(&character, text.data(), text.size(), &state) : 0;
  if (used == 0 || used > text.size()) {
    text.remove_prefix(1);
    return plain(fmt::format("\\x{:02x}", first));
  }
  const std::string_view bytes = text.substr(0, used);
  text.remove_prefix(used);
  const int width = wcwidth(character);
  if (width < 0 || turns_direction(character))
    return plain(fmt::format("<U+{:04X}>", static_cast<unsigned>(character)));
  return {std::string(bytes), static_cast<size_t>(width)};
}

}  // namespace

std::string make_visible(std::string_view text, Charset charset) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) shown += take_glyph(text, charset).shown;
  return shown;
}

size_t display_width(std::string_view text, Charset charset) {
  size_t width = 0;
  while (!text.empty()) width += take_glyph(text, charset).width;
  return width;
}

std::string cut_to_width(std::string_view text, size_t width, Charset charset) {
  if (display_width(text, charset) <= width) return make_visible(text, charset);
  const size_t mark_width = charset == Charset::Utf8 ? 1 : 3;
  const bool marked = width >= mark_width;
  std::string shown;
  for (size_t room = marked ? width - mark_width : width;;) {
    const Glyph glyph = take_glyph(text, charset);
    if (glyph.width > room) break;
    room -= glyph.width;
    shown += glyph.shown;
  }
  return marked ? shown + ellipsis(charset) : shown;
}

const char* ellipsis(Charset charset) {
  return charset == Charset::Utf8 ? "…" : "...";
}

const char* arrow(Charset charset) {
  return charset == Charset::Utf8 ? "→" : "->";
}

}  // namespace rollctl
