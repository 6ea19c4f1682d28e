// SPDX-License-Identifier: MIT
#include "libroll/request_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "libroll/http_grammar.h"

namespace roll {
namespace {

constexpr Refusal kBodyTooLarge = 413;
constexpr Refusal kTargetTooLong = 414;
constexpr Refusal kFieldsTooLarge = 431;
constexpr std::size_t kSizeLine = 18;  // of a chunk without extensions: 16 digits, CR, LF

void append_chunk(std::string& normal, std::string_view data) {
  char size[16];
  char* end = std::to_chars(size, size + sizeof size, data.size(), 16).ptr;
  normal.append(size, end).append("\r\n").append(data).append("\r\n");
}

}  // namespace

RequestReader::State RequestReader::state() const {
  switch (part_) {
    case Part::RequestLine:
      return line_.empty() ? State::Empty : State::Head;
    case Part::Fields:
      return State::Head;
    case Part::Complete:
      return State::Complete;
    case Part::Refused:
      return State::Refused;
    default:
      return State::Body;
  }
}

std::size_t RequestReader::take(std::string_view bytes) {
  const std::size_t all = bytes.size();
  const State before = state();
  while (!bytes.empty() && part_ != Part::Complete && part_ != Part::Refused) {
    if (part_ == Part::Data || part_ == Part::ChunkData) {
      take_data(bytes);
    } else if (part_ == Part::ChunkEnd) {
      take_chunk_end(bytes);
    } else {
      take_line(bytes);
    }
    if (before != State::Body && state() == State::Body) break;
  }
  return all - bytes.size();
}

void RequestReader::refuse(Refusal status) {
  part_ = Part::Refused;
  refusal_ = status;
  line_ = {};
}

std::size_t RequestReader::line_limit() const {
  std::size_t left = limits_.head - std::min(limits_.head, overhead_);
  return part_ == Part::ChunkSize ? left + kSizeLine : left;
}

void RequestReader::take_line(std::string_view& bytes) {
  std::size_t end = bytes.find('\n');
  std::size_t count = end == std::string_view::npos ? bytes.size() : end + 1;
  if (line_.size() + count > line_limit()) {
    refuse(part_ == Part::RequestLine ? kTargetTooLong
           : part_ == Part::Fields    ? kFieldsTooLarge
                                      : kMalformed);
    return;
  }
  line_.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  if (end == std::string_view::npos) return;
  std::string line = std::exchange(line_, {});
  if (!line.ends_with("\r\n")) return refuse(kMalformed);
  if (part_ != Part::ChunkSize) overhead_ += line.size();
  line.resize(line.size() - 2);
  on_line(line);
}

void RequestReader::on_line(std::string_view line) {
  switch (part_) {
    case Part::RequestLine:
      // One empty line may come before a request (RFC 9112, 2.2): some clients end a body with one.
      if (line.empty() && !std::exchange(skipped_line_, true)) return;
      if (Refusal refusal = head_.take_request_line(line)) return refuse(refusal);
      part_ = Part::Fields;
      return;
    case Part::Fields:
      if (line.empty()) return begin_body();
      if (Refusal refusal = head_.take_field(line)) refuse(refusal);
      return;
    case Part::ChunkSize:
      return begin_chunk(line);
    default:
      return on_trailer(line);
  }
}

void RequestReader::begin_body() {
  if (Refusal refusal = head_.finish()) return refuse(refusal);
  if (head_.length() > limits_.body) return refuse(kBodyTooLarge);
  normal_ += head_.take_normal_form();
  overhead_ = 0;
  switch (head_.body()) {
    case RequestHead::Body::None:
      part_ = Part::Complete;
      break;
    case RequestHead::Body::Length:
      part_ = Part::Data;
      left_ = head_.length();
      break;
    case RequestHead::Body::Chunked:
      part_ = Part::ChunkSize;
      break;
  }
}

void RequestReader::begin_chunk(std::string_view line) {
  std::string_view digits = line.substr(0, line.find(';'));
  std::string_view extensions = line.substr(digits.size());
  std::optional<std::uint64_t> size = parse_hexadecimal(digits);
  if (!size || !is_field_text(extensions)) return refuse(kMalformed);
  overhead_ += extensions.size();
  if (overhead_ > limits_.head) return refuse(kMalformed);
  if (*size > limits_.body - body_bytes_) return refuse(kBodyTooLarge);
  left_ = *size;
  part_ = *size == 0 ? Part::Trailers : Part::ChunkData;
}

void RequestReader::take_data(std::string_view& bytes) {
  std::string_view data = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
  bytes.remove_prefix(data.size());
  left_ -= data.size();
  body_bytes_ += data.size();
  if (part_ == Part::Data) {
    normal_.append(data);
    if (left_ == 0) part_ = Part::Complete;
  } else {
    append_chunk(normal_, data);
    if (left_ == 0) part_ = Part::ChunkEnd;
  }
}

void RequestReader::take_chunk_end(std::string_view& bytes) {
  if (bytes.front() != (half_end_ ? '\n' : '\r')) return refuse(kMalformed);
  bytes.remove_prefix(1);
  half_end_ = !half_end_;
  if (!half_end_) part_ = Part::ChunkSize;
}

// Checks trailers and drops them: evhttp would add them to the head's fields, which RFC 9110, 6.5.1 forbids.
void RequestReader::on_trailer(std::string_view line) {
  if (line.empty()) {
    append_chunk(normal_, {});
    part_ = Part::Complete;
    return;
  }
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) ||
      !is_field_text(line.substr(colon + 1)))
    refuse(kMalformed);
}

}  // namespace roll
