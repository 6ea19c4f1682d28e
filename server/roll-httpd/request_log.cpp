// SPDX-License-Identifier: MIT
#include "roll-httpd/request_log.h"

#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include <algorithm>
#include <cstdlib>

namespace roll {
namespace {

std::string_view method_name(evhttp_cmd_type method) {
  switch (method) {
    case EVHTTP_REQ_GET:
      return "GET";
    case EVHTTP_REQ_POST:
      return "POST";
    case EVHTTP_REQ_HEAD:
      return "HEAD";
    case EVHTTP_REQ_PUT:
      return "PUT";
    case EVHTTP_REQ_DELETE:
      return "DELETE";
    case EVHTTP_REQ_OPTIONS:
      return "OPTIONS";
    case EVHTTP_REQ_TRACE:
      return "TRACE";
    case EVHTTP_REQ_CONNECT:
      return "CONNECT";
    case EVHTTP_REQ_PATCH:
      return "PATCH";
  }
  return "-";
}

std::string_view or_empty(const char* text) {
  return text == nullptr ? std::string_view() : text;
}

}  // namespace

LogEntry log_entry(evhttp_request* request, std::size_t unsent) {
  LogEntry entry;
  entry.peer = or_empty(request->remote_host);
  entry.method = method_name(request->type);
  entry.target = or_empty(request->uri);
  entry.version = request->minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
  entry.referer = or_empty(evhttp_find_header(request->input_headers, "Referer"));
  entry.agent = or_empty(evhttp_find_header(request->input_headers, "User-Agent"));
  entry.status = request->response_code;
  if (request->type != EVHTTP_REQ_HEAD) {
    const char* length = evhttp_find_header(request->output_headers, "Content-Length");
    std::uint64_t body = length == nullptr ? 0 : std::strtoull(length, nullptr, 10);
    entry.bytes = body - std::min<std::uint64_t>(body, unsent);
  }
  return entry;
}

}  // namespace roll
