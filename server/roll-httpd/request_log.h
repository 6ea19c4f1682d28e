// SPDX-License-Identifier: MIT
#pragma once

#include <event2/http.h>

#include <cstddef>

#include "roll-httpd/access_log.h"

namespace roll {

// The access log's entry of an answered request; `unsent` bytes of the answer were not sent. The entry points
// into the request.
LogEntry log_entry(evhttp_request* request, std::size_t unsent);

}  // namespace roll
