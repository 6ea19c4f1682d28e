// SPDX-License-Identifier: MIT
#include "roll-httpd/file_server.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "roll-httpd/answer.h"
#include "roll-httpd/mime.h"
#include "roll-httpd/request_log.h"

namespace roll {
namespace {

constexpr std::size_t kMaxTarget = 8 * 1024;
// A smaller body is written together with its headers, which is faster than sendfile.
constexpr std::uint64_t kSendfileFrom = 16 * 1024;
constexpr std::uint64_t kTicksPerSecond = 10;
constexpr std::uint64_t kSmallestPiece = 4 * 1024;
constexpr std::uint64_t kLargestPiece = 256 * 1024;
constexpr timeval kTick{0, 1'000'000 / kTicksPerSecond};

int status_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
      return 404;
    case EACCES:
    case EPERM:
    case ENXIO:
    case EXDEV:
      return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return 503;
    default:
      return 500;
  }
}

const char* input_header(evhttp_request* request, const char* name) {
  return evhttp_find_header(evhttp_request_get_input_headers(request), name);
}

}  // namespace

FileServer::FileServer(DocumentRoot root, std::optional<AccessLog> log, Options options,
                       std::function<Health()> health)
    : root_(std::move(root)), log_(std::move(log)), options_(std::move(options)), health_(std::move(health)) {
  if (options_.rate == 0) return;
  std::size_t per_tick = std::clamp<std::uint64_t>(options_.rate / kTicksPerSecond, 1, EV_RATE_LIMIT_MAX);
  piece_ = std::clamp<std::uint64_t>(per_tick / 4, kSmallestPiece, kLargestPiece);
  rate_.reset(ev_token_bucket_cfg_new(EV_RATE_LIMIT_MAX, EV_RATE_LIMIT_MAX, per_tick, per_tick, &kTick));
}

void FileServer::connected(bufferevent* connection) const {
  if (rate_) bufferevent_set_rate_limit(connection, rate_.get());
}

void FileServer::answer(evhttp_request* request) const {
  if (!options_.release.empty()) set_header(request, "X-Release", options_.release);
  evhttp_cmd_type method = evhttp_request_get_command(request);
  if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
    set_header(request, "Allow", "GET, HEAD");
    send_status(request, 405);
    return;
  }
  std::string_view target = evhttp_request_get_uri(request);
  if (target.size() > kMaxTarget) {
    send_status(request, 414);
    return;
  }
  std::optional<RequestPath> path = parse_request_path(target);
  if (!path) {
    send_status(request, 400);
  } else if (path->path == "-/readyz") {
    answer_health(request);
  } else if (path->kind == PathKind::Directory) {
    answer_directory(request, *path);
  } else {
    answer_path(request, *path);
  }
}

void FileServer::answer_health(evhttp_request* request) const {
  set_header(request, "Cache-Control", "no-store");
  switch (health_()) {
    case Health::Ready:
      send_text(request, 200, "ready\n");
      break;
    case Health::Warming:
      send_text(request, 503, "warming up\n");
      break;
    case Health::Draining:
      send_text(request, 503, "draining\n");
      break;
  }
}

void FileServer::answer_path(evhttp_request* request, const RequestPath& path) const {
  int error = 0;
  std::optional<OpenEntry> entry = root_.open_entry(path.path, error);
  if (!entry) {
    send_status(request, status_of(error));
  } else if (entry->kind() == EntryKind::Directory) {
    std::string_view query = query_of(evhttp_request_get_uri(request));
    set_header(request, "Location", fmt::format("/{}/{}", escape_path(path.path), query));
    send_status(request, 301);
  } else if (entry->kind() == EntryKind::Other) {
    send_status(request, 403);
  } else {
    send_file(request, std::move(*entry), path.path);
  }
}

void FileServer::answer_directory(evhttp_request* request, const RequestPath& path) const {
  int error = 0;
  for (const std::string& name : options_.index) {
    std::string candidate = path.path.empty() ? name : path.path + "/" + name;
    std::optional<OpenEntry> entry = root_.open_entry(candidate, error);
    if (entry && entry->kind() == EntryKind::File) {
      send_file(request, std::move(*entry), candidate);
      return;
    }
    if (!entry && status_of(error) != 404) {
      send_status(request, status_of(error));
      return;
    }
  }
  std::optional<OpenEntry> directory = root_.open_entry(path.path, error);
  bool is_directory = directory && directory->kind() == EntryKind::Directory;
  send_status(request, is_directory ? 403 : 404);  // 403: no directory listings
}

void FileServer::send_file(evhttp_request* request, OpenEntry file, std::string_view name) const {
  RangeChoice choice = WholeFile{};
  // With If-Range the whole file is sent, because answers have no validators.
  const char* range = input_header(request, "Range");
  bool is_get = evhttp_request_get_command(request) == EVHTTP_REQ_GET;
  if (range != nullptr && is_get && input_header(request, "If-Range") == nullptr)
    choice = choose_range(range, file.size());

  set_header(request, "Accept-Ranges", "bytes");
  if (std::holds_alternative<Unsatisfiable>(choice)) {
    set_header(request, "Content-Range", fmt::format("bytes */{}", file.size()));
    send_status(request, 416);
    return;
  }
  set_header(request, "Content-Type", std::string(mime_type(name)));
  if (const auto* part = std::get_if<ByteRange>(&choice)) {
    std::string content_range =
        fmt::format("bytes {}-{}/{}", part->first, part->first + part->length - 1, file.size());
    set_header(request, "Content-Range", content_range);
    send_bytes(request, std::move(file), *part, 206);
    return;
  }
  ByteRange whole{0, file.size()};
  send_bytes(request, std::move(file), whole, 200);
}

void FileServer::send_bytes(evhttp_request* request, OpenEntry file, ByteRange range, int status) const {
  set_header(request, "Content-Length", std::to_string(range.length));
  const char* reason = reason_phrase(status).data();
  if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD || range.length == 0) {
    evhttp_send_reply(request, status, reason, nullptr);
    return;
  }
  if (range.length < kSendfileFrom) {
    evbuffer* body = evhttp_request_get_output_buffer(request);
    evbuffer_iovec space{};
    evbuffer_reserve_space(body, static_cast<ev_ssize_t>(range.length), &space, 1);
    ssize_t count = pread(file.fd(), space.iov_base, range.length, static_cast<off_t>(range.first));
    if (count != static_cast<ssize_t>(range.length)) {  // the file was truncated since it was opened
      evhttp_clear_headers(evhttp_request_get_output_headers(request));
      send_status(request, 500);
      return;
    }
    space.iov_len = range.length;
    evbuffer_commit_space(body, &space, 1);
    evhttp_send_reply(request, status, reason, nullptr);
    return;
  }
  evbuffer_file_segment* bytes = evbuffer_file_segment_new(
      file.fd(), static_cast<off_t>(range.first), static_cast<off_t>(range.length), EVBUF_FS_CLOSE_ON_FREE);
  if (bytes == nullptr) {
    evhttp_clear_headers(evhttp_request_get_output_headers(request));
    send_status(request, 500);
    return;
  }
  file.release();
  // Into the connection's buffer, because only a buffer that drains into a socket uses sendfile.
  evhttp_send_reply_start(request, status, reason);
  evbuffer* output =
      bufferevent_get_output(evhttp_connection_get_bufferevent(evhttp_request_get_connection(request)));
  for (std::uint64_t added = 0, length = 0; added < range.length; added += length) {
    length = std::min(piece_, range.length - added);
    evbuffer_add_file_segment(output, bytes, static_cast<off_t>(added), static_cast<off_t>(length));
  }
  evbuffer_file_segment_free(bytes);
  evhttp_send_reply_end(request);
}

std::string FileServer::refuse(int status, std::string_view peer) const {
  // 501 means a method that evhttp does not know; for files it is one that is not allowed.
  if (status == 501) status = 405;
  if (log_) log_->write({.peer = peer, .status = status});
  return status_message(status, status == 405 ? "Allow: GET, HEAD\r\n" : "", options_.release);
}

void FileServer::done(evhttp_request* request, Ending, std::size_t unsent) const {
  if (log_) log_->write(log_entry(request, unsent));
}

}  // namespace roll
