// SPDX-License-Identifier: MIT
#pragma once

#include <event2/http.h>

#include <cstddef>

#include "roll-httpd/access_log.h"

namespace roll {

// What the access log says of a request that was answered, `unsent` bytes of whose answer were not sent. The
// entry points into the request.
LogEntry log_entry(evhttp_request* request, std::size_t unsent);

}  // namespace roll
