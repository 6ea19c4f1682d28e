// SPDX-License-Identifier: MIT
#include "load/answer.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace rollctl::load {
namespace {

constexpr size_t kLongestHead = 65536;
constexpr size_t kLongestChunkLine = 4096;

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <typename T>
bool parse_number(std::string_view text, T& value, int base = 10) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void AnswerReader::reset(const std::string& expected) {
  *this = AnswerReader();
  if (expected.empty()) return;
  state_ = State::Bytes;
  expected_ = expected;
}

AnswerReader::Progress AnswerReader::feed(std::string_view& data,
                                          const std::function<void(std::string_view)>& on_body) {
  begun_ = begun_ || !data.empty();
  while (state_ != State::Complete) {
    switch (state_) {
      case State::Head: {
        auto progress = read_head(data);
        if (progress != Progress::Complete) return progress;
        break;
      }
      case State::Length:
      case State::ChunkData:
      case State::UntilEnd: {
        if (data.empty()) return Progress::NeedsMore;
        auto size = state_ == State::UntilEnd ? data.size()
                                              : static_cast<size_t>(std::min<uint64_t>(left_, data.size()));
        if (on_body) on_body(data.substr(0, size));
        data.remove_prefix(size);
        if (state_ == State::UntilEnd) break;
        left_ -= size;
        if (left_ == 0) state_ = state_ == State::Length ? State::Complete : State::ChunkEnd;
        break;
      }
      case State::ChunkSize:
      case State::ChunkEnd:
      case State::Trailer: {
        auto progress = read_chunk_line(data);
        if (progress != Progress::Complete) return progress;
        break;
      }
      case State::Bytes: {
        auto progress = read_bytes(data);
        if (progress != Progress::Complete) return progress;
        break;
      }
      case State::Complete:
        break;
    }
  }
  return Progress::Complete;
}

AnswerReader::Progress AnswerReader::at_end() const {
  return state_ == State::UntilEnd ? Progress::Complete : Progress::NeedsMore;
}

// Complete: the head is there, and what follows is known.
AnswerReader::Progress AnswerReader::read_head(std::string_view& data) {
  size_t had = line_.size();
  line_.append(data);
  auto end = line_.find("\r\n\r\n", had < 3 ? 0 : had - 3);
  if (end == std::string::npos) {
    data = {};
    constexpr std::string_view kStart = "HTTP/1.";
    auto seen = std::min(line_.size(), kStart.size());
    if (line_.compare(0, seen, kStart, 0, seen) != 0 || line_.size() > kLongestHead)
      return Progress::Malformed;
    return Progress::NeedsMore;
  }
  data.remove_prefix(end + 4 - had);
  line_.resize(end + 2);
  if (!parse_head()) return Progress::Malformed;
  line_.clear();
  bool bodyless = status_ == 204 || status_ == 304;
  if (status_ < 200) {
    if (status_ == 101) return Progress::Malformed;  // nobody asked for another protocol
    reset();
    begun_ = true;
  } else if (bodyless || (content_length_ == 0U && !chunked_)) {
    state_ = State::Complete;
  } else if (chunked_) {
    state_ = State::ChunkSize;
  } else if (content_length_) {
    left_ = *content_length_;
    state_ = State::Length;
  } else {
    keeps_connection_ = false;
    state_ = State::UntilEnd;
  }
  return Progress::Complete;
}

AnswerReader::Progress AnswerReader::read_bytes(std::string_view& data) {
  line_.append(data);
  data = {};
  if (line_.find(expected_) == std::string::npos)
    return line_.size() > kLongestHead ? Progress::Malformed : Progress::NeedsMore;
  status_ = 200;
  keeps_connection_ = true;
  state_ = State::Complete;
  return Progress::Complete;
}

bool AnswerReader::parse_head() {
  std::string_view head = line_;
  auto line_end = head.find("\r\n");
  auto first = head.substr(0, line_end);
  if (first.size() < 12 || !first.starts_with("HTTP/1.") || first[8] != ' ') return false;
  if (!parse_number(first.substr(9, 3), status_) || status_ < 100 || status_ > 599) return false;
  if (first.size() > 12 && first[12] != ' ') return false;
  keeps_connection_ = first[7] != '0';
  head.remove_prefix(line_end + 2);
  while (!head.empty()) {
    line_end = head.find("\r\n");
    auto line = head.substr(0, line_end);
    auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    if (!parse_header(line.substr(0, colon), trimmed(line.substr(colon + 1)))) return false;
    head.remove_prefix(line_end + 2);
  }
  return true;
}

bool AnswerReader::parse_header(std::string_view name, std::string_view value) {
  if (same(name, "content-length")) {
    uint64_t length = 0;
    if (!parse_number(value, length) || (content_length_ && *content_length_ != length)) return false;
    content_length_ = length;
  } else if (same(name, "transfer-encoding")) {
    chunked_ = same(value, "chunked");
    return chunked_;
  } else if (same(name, "connection")) {
    if (same(value, "close")) keeps_connection_ = false;
    if (same(value, "keep-alive")) keeps_connection_ = true;
  } else if (same(name, "x-release")) {
    release_ = value;
  }
  return true;
}

// Complete: one line was read and understood.
AnswerReader::Progress AnswerReader::read_chunk_line(std::string_view& data) {
  auto end = data.find('\n');
  line_.append(data.substr(0, end));
  if (end == std::string_view::npos) {
    data = {};
    return line_.size() > kLongestChunkLine ? Progress::Malformed : Progress::NeedsMore;
  }
  data.remove_prefix(end + 1);
  if (line_.empty() || line_.back() != '\r') return Progress::Malformed;
  line_.pop_back();
  if (state_ == State::ChunkSize) {
    auto size = std::string_view(line_).substr(0, line_.find(';'));
    if (!parse_number(trimmed(size), left_, 16)) return Progress::Malformed;
    state_ = left_ == 0 ? State::Trailer : State::ChunkData;
  } else if (state_ == State::ChunkEnd) {
    if (!line_.empty()) return Progress::Malformed;
    state_ = State::ChunkSize;
  } else if (line_.empty()) {
    state_ = State::Complete;
  }
  line_.clear();
  return Progress::Complete;
}

}  // namespace rollctl::load
