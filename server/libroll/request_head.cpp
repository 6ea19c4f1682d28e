// SPDX-License-Identifier: MIT
#include "libroll/request_head.h"

#include <algorithm>
#include <array>

#include "libroll/http_grammar.h"

namespace roll {
namespace {

constexpr Refusal kExpectationFailed = 417;
constexpr Refusal kUnknownMethod = 501;

// The methods that evhttp knows.
constexpr std::array<std::string_view, 9> kMethods{"GET",     "HEAD",  "POST",    "PUT",  "DELETE",
                                                   "OPTIONS", "TRACE", "CONNECT", "PATCH"};

std::string_view without_port(std::string_view authority, std::string_view port) {
  if (authority.ends_with(':')) authority.remove_suffix(1);
  if (!port.empty() && authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

}  // namespace

Refusal RequestHead::take_request_line(std::string_view line) {
  std::size_t first = line.find(' ');
  std::size_t second = line.find(' ', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return kMalformed;
  std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, second - first - 1);
  std::string_view version = line.substr(second + 1);
  old_ = version == "HTTP/1.0";
  if (!is_token(method) || !is_target_text(target) || (!old_ && version != "HTTP/1.1")) return kMalformed;
  method_ = method;
  if (std::ranges::find(kMethods, method) == kMethods.end()) return kUnknownMethod;
  if (Refusal refusal = take_target(target)) return refusal;
  normal_.append(line).append("\r\n");
  return 0;
}

// The four forms of RFC 9112, 3.2.
Refusal RequestHead::take_target(std::string_view target) {
  if (method_ == "CONNECT") {
    bool has_port =
        target.find(':', target.find(']') + 1) != std::string_view::npos && !target.ends_with(':');
    if (!is_authority(target) || !has_port) return kMalformed;
    authority_ = target;
    return 0;
  }
  if (target.starts_with('/')) return 0;
  if (target == "*") return method_ == "OPTIONS" ? 0 : kMalformed;
  std::size_t colon = target.find("://");
  std::string_view scheme = target.substr(0, colon);
  if (same_word(scheme, "http")) {
    default_port_ = ":80";
  } else if (same_word(scheme, "https")) {
    default_port_ = ":443";
  } else {
    return kMalformed;
  }
  if (colon == std::string_view::npos) return kMalformed;
  std::string_view authority = target.substr(colon + 3);
  authority = authority.substr(0, authority.find_first_of("/?"));
  if (!is_authority(authority)) return kMalformed;
  authority_ = authority;
  return 0;
}

// A blank at the start of the line (also of a continuation) or before the colon makes the name invalid.
Refusal RequestHead::take_field(std::string_view line) {
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return kMalformed;
  std::string_view name = line.substr(0, colon);
  std::string_view value = trim(line.substr(colon + 1));
  if (!is_token(name) || !is_field_text(value)) return kMalformed;
  if (same_word(name, "Content-Length") || same_word(name, "Transfer-Encoding"))
    return take_framing_field(name, value);
  if (same_word(name, "Host")) {
    if (host_ || (!value.empty() && !is_authority(value))) return kMalformed;
    host_ = value;
  } else if (same_word(name, "Connection")) {
    note_connection(value);
  } else if (same_word(name, "Expect") && !old_) {
    if (!same_word(value, "100-continue")) return kExpectationFailed;
  }
  normal_.append(name).append(":").append(value).append("\r\n");
  return 0;
}

Refusal RequestHead::take_framing_field(std::string_view name, std::string_view value) {
  if (length_ || chunked_) return kMalformed;  // a second framing field
  if (same_word(name, "Content-Length")) {
    length_ = parse_decimal(value);
    return length_ ? 0 : kMalformed;
  }
  chunked_ = true;
  return same_word(value, "chunked") && !old_ ? 0 : kMalformed;
}

void RequestHead::note_connection(std::string_view value) {
  for_each_member(value, [&](std::string_view option) {
    says_close_ |= same_word(option, "close");
    says_keep_alive_ |= same_word(option, "keep-alive");
  });
}

bool RequestHead::host_agrees() const {
  if (!authority_ || !host_) return true;
  return same_word(without_port(*authority_, default_port_), without_port(*host_, default_port_));
}

Refusal RequestHead::finish() {
  if ((!old_ && !host_) || !host_agrees()) return kMalformed;
  bool has_body = chunked_ || length() > 0;
  if (says_close_ || (old_ && !says_keep_alive_)) after_ = After::ClientEnds;
  if (method_ == "CONNECT") {
    if (has_body) return kMalformed;
    after_ = After::ServerEnds;
  } else if (has_body && (method_ == "HEAD" || method_ == "TRACE")) {
    // evhttp reads no body of these methods: it would take the body for the next request.
    after_ = After::ServerEnds;
  } else if (has_body) {
    body_ = chunked_ ? Body::Chunked : Body::Length;
  }
  if (body_ == Body::Chunked) normal_.append("Transfer-Encoding:chunked\r\n");
  if (length_ && !chunked_ && after_ != After::ServerEnds)
    normal_.append("Content-Length:").append(std::to_string(*length_)).append("\r\n");
  normal_.append("\r\n");
  return 0;
}

}  // namespace roll
