// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace roll {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;  // at least 1
  bool operator==(const ByteRange&) const = default;
};
// The whole file: no range, or one that a server may ignore.
struct WholeFile {
  bool operator==(const WholeFile&) const = default;
};
// The range is beyond the file: 416.
struct Unsatisfiable {
  bool operator==(const Unsatisfiable&) const = default;
};
using RangeChoice = std::variant<WholeFile, ByteRange, Unsatisfiable>;

// Parses a Range header for a file of `size` bytes (RFC 9110, 14.2): one range of "bytes", cut at the file's
// end. A header that is malformed, of another unit or with several ranges is ignored, as the RFC allows.
RangeChoice choose_range(std::string_view header, std::uint64_t size);

}  // namespace roll
