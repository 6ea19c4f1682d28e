// SPDX-License-Identifier: MIT
// Answers that are not files: error pages, redirects, the health page.
#pragma once

#include <event2/http.h>

#include <string>
#include <string_view>

namespace roll {

// "Not Found"; "Unknown" for a status that this server never sends.
std::string_view reason_phrase(int status);

void set_header(evhttp_request* request, const char* name, const std::string& value);

// Sends `text` as text/plain, without the body in answer to HEAD. Keeps headers that are set already.
void send_text(evhttp_request* request, int status, std::string_view text);
// "404 Not Found" and a newline.
void send_status(evhttp_request* request, int status);

// The same as a complete answer, for a request that could not be parsed. An empty `release`: no X-Release.
std::string status_message(int status, std::string_view extra_headers, std::string_view release);

}  // namespace roll
