// SPDX-License-Identifier: MIT
// Answers requests from a document root.
#pragma once

#include <event2/bufferevent.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libroll/roll.h"
#include "roll-httpd/access_log.h"
#include "roll-httpd/byte_range.h"
#include "roll-httpd/document_root.h"
#include "roll-httpd/request_path.h"

namespace roll {

enum class Health { Warming, Ready, Draining };

class FileServer {
 public:
  struct Options {
    std::vector<std::string> index;
    std::string release;  // empty: no X-Release header
    std::uint64_t rate = 0;
  };

  FileServer(DocumentRoot root, std::optional<AccessLog> log, Options options,
             std::function<Health()> health);

  // Answers before it returns; the loop sends the body.
  void answer(evhttp_request* request) const;
  // The answer to a request that could not be parsed.
  std::string refuse(int status, std::string_view peer) const;
  void done(evhttp_request* request, Ending ending, std::size_t unsent) const;
  // Sets the connection's rate limit.
  void connected(bufferevent* connection) const;

 private:
  struct TokenBucketFree {
    void operator()(ev_token_bucket_cfg* config) const { ev_token_bucket_cfg_free(config); }
  };

  void answer_health(evhttp_request* request) const;
  void answer_path(evhttp_request* request, const RequestPath& path) const;
  void answer_directory(evhttp_request* request, const RequestPath& path) const;
  void send_file(evhttp_request* request, OpenEntry file, std::string_view name) const;
  void send_bytes(evhttp_request* request, OpenEntry file, ByteRange range, int status) const;

  DocumentRoot root_;
  std::optional<AccessLog> log_;
  Options options_;
  std::function<Health()> health_;
  std::unique_ptr<ev_token_bucket_cfg, TokenBucketFree> rate_;
  // libevent passes each segment to sendfile(2) as a whole, so a rate limit needs small segments.
  std::uint64_t piece_ = UINT64_MAX;
};

}  // namespace roll
