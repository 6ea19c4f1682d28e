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
// The whole representation: no range was asked for, or one that a server may ignore.
struct WholeFile {
  bool operator==(const WholeFile&) const = default;
};
// No byte of the range exists: 416.
struct Unsatisfiable {
  bool operator==(const Unsatisfiable&) const = default;
};
using RangeChoice = std::variant<WholeFile, ByteRange, Unsatisfiable>;

// What a Range header asks of a file of `size` bytes (RFC 9110, 14.2): one range of "bytes", cut to the
// file's end. A header that is malformed, of another unit or asks for several ranges is ignored, as the RFC
// allows.
RangeChoice choose_range(std::string_view header, std::uint64_t size);

}  // namespace roll
