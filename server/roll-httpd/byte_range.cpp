// SPDX-License-Identifier: MIT
#include "roll-httpd/byte_range.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace roll {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// A number beyond 64 bits becomes the largest, which is beyond the end of any file.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
  return error == std::errc::result_out_of_range ? UINT64_MAX : value;
}

}  // namespace

RangeChoice choose_range(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (header.size() < kUnit.size() || strncasecmp(header.data(), kUnit.data(), kUnit.size()) != 0)
    return WholeFile{};
  std::string_view range = trim(header.substr(kUnit.size()));
  std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return WholeFile{};
  std::string_view left = range.substr(0, dash);
  std::string_view right = range.substr(dash + 1);

  if (left.empty()) {  // "-N": the last N bytes
    std::optional<std::uint64_t> count = parse_position(right);
    if (!count) return WholeFile{};
    if (*count == 0 || size == 0) return Unsatisfiable{};
    std::uint64_t length = std::min(*count, size);
    return ByteRange{size - length, length};
  }
  std::optional<std::uint64_t> first = parse_position(left);
  std::optional<std::uint64_t> last = right.empty() ? UINT64_MAX : parse_position(right);
  if (!first || !last || *last < *first) return WholeFile{};
  if (*first >= size) return Unsatisfiable{};
  return ByteRange{*first, std::min(*last, size - 1) - *first + 1};
}

}  // namespace roll
