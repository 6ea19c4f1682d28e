// SPDX-License-Identifier: MIT
#include "probe/http_answer.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <charconv>

namespace rollctl {

namespace {

constexpr std::string_view kVersion = "HTTP/1.";
constexpr size_t kLongestExcerpt = 40;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// For messages: replaces all but printable ASCII.
std::string excerpt(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, std::min(text.find_first_of("\r\n"), kLongestExcerpt)))
    shown += c >= ' ' && c <= '~' ? c : '.';
  return shown;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

HttpAnswer::State HttpAnswer::malformed(std::string problem) {
  problem_ = std::move(problem);
  return state_ = State::Malformed;
}

HttpAnswer::State HttpAnswer::take(std::string_view bytes) {
  if (state_ == State::HeadComplete) return count_body(bytes.size());
  if (state_ != State::NeedsMore) return state_;
  head_ += bytes;
  return read_head();
}

HttpAnswer::State HttpAnswer::end() {
  if (state_ == State::HeadComplete) return state_ = State::Complete;
  if (state_ != State::NeedsMore) return state_;
  return malformed(head_.empty() ? "got no answer: the connection was closed"
                                 : "got an answer that ends in the middle of its header");
}

HttpAnswer::State HttpAnswer::read_head() {
  // Before the line is complete: a server of another protocol may keep the connection open.
  const auto compared = std::min(head_.size(), kVersion.size());
  if (std::string_view(head_).substr(0, compared) != kVersion.substr(0, compared))
    return malformed(fmt::format("did not get an HTTP answer but \"{}\"", excerpt(head_)));

  content_length_.reset();
  size_t start = 0;
  for (size_t end = head_.find('\n'); end != std::string::npos; end = head_.find('\n', start)) {
    std::string_view line(head_.data() + start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (start == 0 && !read_status_line(line))
      return malformed(fmt::format("got a malformed status line, \"{}\"", excerpt(line)));
    start = end + 1;
    if (!line.empty()) {
      read_header(line);
      continue;
    }
    const bool interim = status_ < 200 && status_ != 101;
    head_.erase(0, start);
    if (interim) return head_.empty() ? state_ : read_head();
    state_ = State::HeadComplete;
    return count_body(head_.size());
  }
  if (head_.size() > kLongestHead)
    return malformed(fmt::format("got a header longer than {} KiB", kLongestHead / 1024));
  return state_;
}

bool HttpAnswer::read_status_line(std::string_view line) {
  // HTTP/1.x NNN[ reason]
  const size_t code = kVersion.size() + 2;
  if (line.size() < code + 3 || !is_digit(line[kVersion.size()]) || line[code - 1] != ' ') return false;
  if (!std::all_of(line.begin() + code, line.begin() + code + 3, is_digit)) return false;
  if (line.size() > code + 3 && line[code + 3] != ' ') return false;
  std::from_chars(line.data() + code, line.data() + code + 3, status_);
  return status_ >= 100;
}

void HttpAnswer::read_header(std::string_view line) {
  constexpr std::string_view kName = "content-length:";
  if (line.size() < kName.size() || strncasecmp(line.data(), kName.data(), kName.size()) != 0) return;
  const auto value = trimmed(line.substr(kName.size()));
  size_t length = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (failure == std::errc() && end == value.data() + value.size()) content_length_ = length;
}

HttpAnswer::State HttpAnswer::count_body(size_t bytes) {
  body_ += bytes;
  const bool has_none = status_ == 204 || status_ == 304;
  const size_t wanted = has_none ? 0 : std::min(content_length_.value_or(kLongestBody), kLongestBody);
  if (body_ >= wanted) state_ = State::Complete;
  return state_;
}

}  // namespace rollctl
