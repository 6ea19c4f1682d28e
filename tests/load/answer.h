// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rollctl::load {

// Reads one HTTP/1 answer to a GET, piece by piece: head, then a body framed by Content-Length, by chunks or
// by the end of the connection. Interim answers (1xx) are skipped. Or an answer of another protocol, of which
// only some bytes are known.
class AnswerReader {
 public:
  enum class Progress { NeedsMore, Complete, Malformed };

  // Forgets the last answer. The next is complete once it has `expected`, and counts as one with status 200;
  // empty: an HTTP answer.
  void reset(const std::string& expected = {});

  // Takes what belongs to the answer off the front of `data`; what stays in it after Complete is not part of
  // it. `on_body` gets the decoded body, and may be empty.
  Progress feed(std::string_view& data, const std::function<void(std::string_view)>& on_body);

  // The connection ended: Complete when that is what frames the body, else NeedsMore.
  [[nodiscard]] Progress at_end() const;

  [[nodiscard]] bool has_begun() const { return begun_; }  // any byte came
  [[nodiscard]] bool has_head() const { return state_ != State::Head; }
  // After the head:
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& release() const { return release_; }  // X-Release; empty where missing
  [[nodiscard]] bool keeps_connection() const { return keeps_connection_; }
  [[nodiscard]] std::optional<uint64_t> content_length() const { return content_length_; }

 private:
  enum class State { Head, Length, ChunkSize, ChunkData, ChunkEnd, Trailer, UntilEnd, Bytes, Complete };

  Progress read_head(std::string_view& data);
  Progress read_bytes(std::string_view& data);
  bool parse_head();
  bool parse_header(std::string_view name, std::string_view value);
  Progress read_chunk_line(std::string_view& data);

  State state_ = State::Head;
  bool begun_ = false;
  std::string line_;  // the head so far, or a line between chunks, or bytes
  std::string expected_;
  int status_ = 0;
  std::string release_;
  bool keeps_connection_ = false;
  bool chunked_ = false;
  std::optional<uint64_t> content_length_;
  uint64_t left_ = 0;  // of the body or of a chunk
};

}  // namespace rollctl::load
