// SPDX-License-Identifier: MIT
// Any Range header: the range is within the file.
#include "roll-httpd/byte_range.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view header(reinterpret_cast<const char*>(data), size);
  for (std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, UINT64_MAX}) {
    const auto choice = roll::choose_range(header, length);
    if (const auto* range = std::get_if<roll::ByteRange>(&choice)) {
      if (range->length == 0 || range->first >= length || range->length > length - range->first) std::abort();
    }
  }
  return 0;
}
