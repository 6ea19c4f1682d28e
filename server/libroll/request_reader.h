// SPDX-License-Identifier: MIT
// Finds where each request begins and ends in a client's bytes, by RFC 9112. It stands before evhttp, which
// is lenient: if a proxy reads one request where evhttp reads two, a client can smuggle the second one past
// the proxy. Ambiguous requests are refused. Pure: bytes in, bytes out.
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
    Empty,     // has no byte of the request
    Head,      // has a part of its head
    Body,      // has its head and a part of its body
    Complete,  // has all of it; later bytes belong to the next request
    Refused,   // invalid; later bytes cannot be read either
  };

  explicit RequestReader(const Limits& limits) : limits_(limits) {}

  // Takes bytes of this request from the front of `bytes`, and returns their number. It stops at the end of
  // the head and at the end of the request: to be called again until no bytes are left or it takes none.
  std::size_t take(std::string_view bytes);
  // The output for evhttp, to be fetched at Body and at Complete: head and body, in new chunks without
  // extensions and trailers.
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
  std::string line_;          // an incomplete line
  std::size_t overhead_ = 0;  // bytes that count against limits_.head, without line_
  std::uint64_t left_ = 0;    // of the body, or of the chunk
  std::uint64_t body_bytes_ = 0;
  bool skipped_line_ = false, half_end_ = false;
};

}  // namespace roll
