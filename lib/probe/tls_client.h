// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

struct bufferevent;
struct event_base;

namespace rollctl {

// TLS for probes, from a library that the first connect() loads, and that stays loaded.
class TlsClient {
 public:
  // `library` is the path of libroll-tls.so.
  explicit TlsClient(std::string library);

  // A stream that begins a TLS session on a connected socket and takes ownership of the socket; the server's
  // certificate is not verified. The caller frees the stream. Blocks while it loads the library
  // (milliseconds, once). On an error the socket stays the caller's: Unsupported where the library cannot be
  // loaded.
  Result<bufferevent*> connect(event_base* base, int socket);

  // Why TLS failed on a stream of connect(); null: no failure.
  const char* failure(bufferevent* stream) const;

 private:
  Status load();

  std::string library_;
  bufferevent* (*connect_)(event_base*, int) = nullptr;
  const char* (*failure_)(bufferevent*) = nullptr;
};

}  // namespace rollctl
