// SPDX-License-Identifier: MIT
#include "ui/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string>

namespace rollctl {

namespace {

constexpr Terminal::Size kUnknownSize{80, 24};

std::string value_of(const Terminal::Environment& environment, const char* name) {
  const char* value = environment(name);
  return value != nullptr ? value : "";
}

Charset charset_of(const Terminal::Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string locale = value_of(environment, name);
    if (locale.empty()) continue;
    std::transform(locale.begin(), locale.end(), locale.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const bool utf8 = locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
    return utf8 ? Charset::Utf8 : Charset::Ascii;
  }
  return Charset::Ascii;
}

// A serial line or a new pseudo-terminal reports size 0.
Terminal::Size size_of(int fd) {
  winsize window{};
  if (::ioctl(fd, TIOCGWINSZ, &window) != 0) return kUnknownSize;
  return {window.ws_col != 0 ? window.ws_col : kUnknownSize.columns,
          window.ws_row != 0 ? window.ws_row : kUnknownSize.rows};
}

}  // namespace

Terminal Terminal::detect(int fd, const Environment& environment, ColorWish wish) {
  Terminal terminal;
  terminal.charset = charset_of(environment);
  if (::isatty(fd) != 1) return terminal;
  terminal.ask_size = [fd] { return size_of(fd); };
  const std::string kind = value_of(environment, "TERM");
  if (kind.empty() || kind == "dumb") return terminal;
  terminal.motion = Motion::InPlace;
  if (wish == ColorWish::Auto && value_of(environment, "NO_COLOR").empty()) terminal.colors = Colors::On;
  return terminal;
}

}  // namespace rollctl
