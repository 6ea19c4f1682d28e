// SPDX-License-Identifier: MIT
#include "roll-httpd/answer.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <fmt/format.h>

namespace roll {
namespace {

constexpr const char* kTextType = "text/plain; charset=utf-8";

std::string status_text(int status) {
  return fmt::format("{} {}\n", status, reason_phrase(status));
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

void set_header(evhttp_request* request, const char* name, const std::string& value) {
  evhttp_add_header(evhttp_request_get_output_headers(request), name, value.c_str());
}

void send_text(evhttp_request* request, int status, std::string_view text) {
  set_header(request, "Content-Type", kTextType);
  set_header(request, "Content-Length", std::to_string(text.size()));
  if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD) {
    evbuffer_add(evhttp_request_get_output_buffer(request), text.data(), text.size());
  }
  evhttp_send_reply(request, status, reason_phrase(status).data(), nullptr);
}

void send_status(evhttp_request* request, int status) {
  send_text(request, status, status_text(status));
}

std::string status_message(int status, std::string_view extra_headers, std::string_view release) {
  std::string text = status_text(status);
  std::string release_header = release.empty() ? "" : fmt::format("X-Release: {}\r\n", release);
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n{}{}\r\n{}", status,
      reason_phrase(status), kTextType, text.size(), release_header, extra_headers, text);
}

}  // namespace roll
