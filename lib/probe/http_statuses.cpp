// SPDX-License-Identifier: MIT
#include "probe/http_statuses.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace rollctl {

namespace {

std::string_view without_blanks(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<int> parse_status(std::string_view text) {
  text = without_blanks(text);
  int status = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool whole = failure == std::errc() && end == text.data() + text.size();
  if (!whole || status < 100 || status > 599) return std::nullopt;
  return status;
}

}  // namespace

Result<HttpStatuses> HttpStatuses::parse(const std::string& text) {
  HttpStatuses statuses;
  statuses.ranges_.clear();
  for (std::string_view rest = text;;) {
    const size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const size_t dash = part.find('-');
    const auto first = parse_status(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_status(part.substr(dash + 1));
    if (!first || !last || *last < *first)
      return fail(ErrorKind::Invalid,
                  fmt::format("'{}' is no HTTP status and no range of them", without_blanks(part)),
                  "a number from 100 to 599, a range such as \"200-299\", or several: \"200-299, 404\"");
    statuses.ranges_.push_back({*first, *last});
    if (comma == std::string_view::npos) return statuses;
    rest.remove_prefix(comma + 1);
  }
}

bool HttpStatuses::contains(int status) const {
  return std::ranges::any_of(
      ranges_, [&](const Range& range) { return range.first <= status && status <= range.last; });
}

std::string HttpStatuses::text() const {
  std::string text;
  for (const Range& range : ranges_) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", range.first);
    if (range.last != range.first) text += fmt::format("-{}", range.last);
  }
  return text;
}

}  // namespace rollctl
