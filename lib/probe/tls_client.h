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

  // A stream that begins a TLS session on a connected socket and takes it. The caller frees the stream.
  // `host`: the server's name, for SNI, or its IP address; may be empty. `ca_file`: certificates that vouch
  // for the server's, which must be for `host`; empty: it is not verified. Blocks while it loads the library
  // (milliseconds, once). On an error the socket stays the caller's: Unsupported where the library cannot be
  // loaded.
  Result<bufferevent*> connect(event_base* base, int socket, const std::string& host,
                               const std::string& ca_file);

  // Why TLS failed on a stream of connect(); null: no failure.
  const char* failure(bufferevent* stream) const;

 private:
  Status load();

  std::string library_;
  bufferevent* (*connect_)(event_base*, int, const char*, const char*, const char**) = nullptr;
  const char* (*failure_)(bufferevent*) = nullptr;
};

}  // namespace rollctl
