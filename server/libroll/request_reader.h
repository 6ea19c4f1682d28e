// SPDX-License-Identifier: MIT
// Where a request begins and where it ends, as RFC 9112 has it, in bytes as they come from a client. It
// stands in front of evhttp, which is lenient: a request that a proxy reads as one and evhttp as two lets a
// client slip the second one past the proxy. What is ambiguous is refused. Pure: bytes in, bytes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "libroll/request_head.h"

namespace roll {

class RequestReader {
 public:
  struct Limits {
    std::size_t head = 0;    // bytes of request line and fields; also of all chunk extensions and trailers
    std::uint64_t body = 0;  // bytes of the decoded body
  };
  enum class State {
    Empty,     // no byte of the request has come
    Head,      // a part of its head
    Body,      // its head, and a part of its body
    Complete,  // all of it; what follows belongs to the next request
    Refused,   // it cannot be read, and neither can what follows it
  };

  explicit RequestReader(const Limits& limits) : limits_(limits) {}

  // Takes from the front of `bytes` what belongs to this request and returns how many these were. It stops at
  // the end of the head and at the end of the request: to be called again while bytes are left and it takes
  // any.
  std::size_t take(std::string_view bytes);
  // What evhttp is to see, to be fetched when Body and when Complete is reached: the head, the body. Its
  // chunks are cut anew, without extensions and trailers.
  std::string take_normal_form() { return std::exchange(normal_, {}); }

  State state() const;
  Refusal refusal() const { return refusal_; }
  // Of the decoded body.
  std::uint64_t body_bytes() const { return body_bytes_; }
  // Valid once the head is complete.
  After after() const { return head_.after(); }

 private:
  enum class Part { RequestLine, Fields, Data, ChunkSize, ChunkData, ChunkEnd, Trailers, Complete, Refused };

  void refuse(Refusal status);
  void take_line(std::string_view& bytes);
  void take_data(std::string_view& bytes);
  void take_chunk_end(std::string_view& bytes);
  void on_line(std::string_view line);
  void begin_body();
  void begin_chunk(std::string_view line);
  void on_trailer(std::string_view line);
  std::size_t line_limit() const;

  Limits limits_;
  Part part_ = Part::RequestLine;
  Refusal refusal_ = 0;
  RequestHead head_;
  std::string normal_;
  std::string line_;          // as much as has come of it
  std::size_t overhead_ = 0;  // of what limits_.head limits, without line_
  std::uint64_t left_ = 0;    // of the body, or of the chunk
  std::uint64_t body_bytes_ = 0;
  bool skipped_line_ = false, half_end_ = false;
};

}  // namespace roll
