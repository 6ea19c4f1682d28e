// SPDX-License-Identifier: MIT
// Parses request line and header fields line by line: checks them, finds the kind of body, and writes them in
// a normal form for evhttp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace roll {

// Statuses of refusal; 0: not refused.
using Refusal = int;
inline constexpr Refusal kMalformed = 400;

// The side that ends the connection after this request.
enum class After {
  NextRequest,
  ClientEnds,  // the client announced it, and sends no further request
  ServerEnds,  // the end of the request is uncertain, so later bytes are not read as a request
};

class RequestHead {
 public:
  enum class Body { None, Length, Chunked };

  // All take a line without CRLF.
  Refusal take_request_line(std::string_view line);
  Refusal take_field(std::string_view line);
  // After the last field.
  Refusal finish();

  // The head in a form that all parsers read alike: single blanks, one field for the framing, CRLF. Never
  // longer than the input. To be called once, after finish().
  std::string take_normal_form() { return std::move(normal_); }
  // Valid after finish().
  Body body() const { return body_; }
  std::uint64_t length() const { return length_.value_or(0); }
  After after() const { return after_; }

 private:
  Refusal take_target(std::string_view target);
  Refusal take_framing_field(std::string_view name, std::string_view value);
  bool host_agrees() const;
  void note_connection(std::string_view value);

  std::string normal_;
  std::string method_;
  std::optional<std::string> authority_;  // of an absolute target, without the default port
  std::optional<std::string> host_;
  std::optional<std::uint64_t> length_;
  std::string_view default_port_;
  bool chunked_ = false, old_ = false, says_close_ = false, says_keep_alive_ = false;
  Body body_ = Body::None;
  After after_ = After::NextRequest;
};

}  // namespace roll
