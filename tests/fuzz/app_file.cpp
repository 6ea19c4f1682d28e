// SPDX-License-Identifier: MIT
// Whatever stands in an app file: it is an app, or an error with a message, and nothing is thrown.
#include "config/app_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto app = roll::parse_app_file(text, "web.toml");
  if (!app && app.error().message.empty()) std::abort();
  return 0;
}
