// SPDX-License-Identifier: MIT
#include "probe/http_attempt.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cerrno>

#include "probe/attempt.h"
#include "probe/connector.h"
#include "probe/http_answer.h"

namespace rollctl {

namespace {

// Once the status is known, the rest of the body is read for this long at most: closing earlier would reset
// the server's connection, but a server that never closes must not delay a deploy.
constexpr Millis kBodyGrace{100};

struct FreeBufferevent {
  void operator()(bufferevent* stream) const { bufferevent_free(stream); }
};

class HttpAttempt final : public LoopAttempt {
 public:
  HttpAttempt(Loop& loop, Steering& steering, TlsClient* tls, const ProbeSpec& spec,
              const ProbeSubject& subject, Probe::Done done)
      : LoopAttempt(loop, spec.timeout, std::move(done)),
        tls_(tls),
        what_("GET " + spec.path),
        spec_(spec),
        connector_(loop, steering) {
    connector_.start(spec, subject, deadline(), opening(), [this](Connector::Outcome outcome) {
      if (outcome.socket)
        ask(std::move(outcome.socket));
      else
        finish(std::move(outcome.refusal));
    });
  }

 private:
  // The first byte of the request, which the connector sends. TLS writes its first byte itself.
  [[nodiscard]] std::string_view opening() const { return tls_ == nullptr ? "G" : std::string_view(); }

  void ask(Fd socket) {
    restart_limit();
    auto* base = loop().base();
    if (tls_ == nullptr) {
      stream_.reset(bufferevent_socket_new(base, socket.get(), BEV_OPT_CLOSE_ON_FREE));
    } else {
      const auto stream = tls_->connect(base, socket.get(), server_name(), spec_.ca_file);
      if (!stream) return not_ready(stream.error().message);
      stream_.reset(*stream);
    }
    if (!stream_) return not_ready("cannot watch the connection: out of memory");
    (void)socket.release();

    bufferevent_setcb(stream_.get(), &on_readable, nullptr, &on_event, this);
    bufferevent_setwatermark(stream_.get(), EV_READ, 0, HttpAnswer::kLongestHead);
    const std::string request = request_text();
    const std::string_view rest = std::string_view(request).substr(opening().size());
    bufferevent_write(stream_.get(), rest.data(), rest.size());
    bufferevent_enable(stream_.get(), EV_READ | EV_WRITE);
  }

  [[nodiscard]] bool is_local() const { return connector_.target().starts_with("unix:"); }

  // Without its port: certificates have none.
  [[nodiscard]] std::string server_name() const {
    std::string host = !spec_.host.empty() ? spec_.host : is_local() ? "localhost" : connector_.target();
    const size_t colon = host.rfind(':');
    const bool has_port = colon != std::string::npos && (host.find(':') == colon || host[colon - 1] == ']');
    if (has_port) host.resize(colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    return host;
  }

  [[nodiscard]] std::string request_text() const {
    const std::string host = !spec_.host.empty() ? spec_.host
                             : is_local()        ? "localhost"
                                                 : connector_.target();
    std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n", spec_.path, host);
    for (const char* own : {"User-Agent: rollctl", "Accept: */*"})
      if (!sets_header(std::string_view(own).substr(0, std::string_view(own).find(':') + 1)))
        request.append(own).append("\r\n");
    for (const std::string& header : spec_.headers) request.append(header).append("\r\n");
    return request + "Connection: close\r\n\r\n";
  }

  [[nodiscard]] bool sets_header(std::string_view name) const {
    return std::ranges::any_of(spec_.headers, [&](const std::string& header) {
      return header.size() >= name.size() && ::strncasecmp(header.data(), name.data(), name.size()) == 0;
    });
  }

  static void on_readable(bufferevent*, void* self) { static_cast<HttpAttempt*>(self)->read(); }
  static void on_event(bufferevent*, short events, void* self) {
    // First: a later call may change errno.
    const int os_error = errno;
    auto* attempt = static_cast<HttpAttempt*>(self);
    if ((events & BEV_EVENT_EOF) != 0)
      attempt->closed();
    else if ((events & BEV_EVENT_ERROR) != 0)
      attempt->broken(os_error);
  }

  void read() {
    auto* input = bufferevent_get_input(stream_.get());
    while (const size_t size = evbuffer_get_contiguous_space(input)) {
      answer_.take({reinterpret_cast<const char*>(evbuffer_pullup(input, static_cast<ssize_t>(size))), size});
      evbuffer_drain(input, size);
    }
    if (answer_.state() == HttpAnswer::State::HeadComplete && !body_grace_)
      body_grace_ = loop().after(kBodyGrace, [this] { judge(); });
    if (answer_.state() == HttpAnswer::State::Complete || answer_.state() == HttpAnswer::State::Malformed)
      judge();
  }

  void closed() {
    read();
    answer_.end();
    judge();
  }

  void broken(int os_error) {
    if (answer_.state() == HttpAnswer::State::HeadComplete) return judge();
    if (const char* reason = tls_ == nullptr ? nullptr : tls_->failure(stream_.get()))
      return not_ready(fmt::format("TLS with {} failed: {}", connector_.target(), reason));
    not_ready(
        fmt::format("{} failed: {}", what_, os_error == 0 ? "connection closed" : os_error_text(os_error)));
  }

  void judge() {
    if (answer_.state() == HttpAnswer::State::Malformed) return not_ready(what_ + " " + answer_.problem());
    const int status = answer_.status();
    const std::string detail = fmt::format("{} answered {}", what_, status);
    if (spec_.statuses.contains(status))
      ready(detail);
    else
      not_ready(detail);
  }

  void timed_out() override {
    if (answer_.state() == HttpAnswer::State::HeadComplete) return judge();
    if (stream_) return not_ready(fmt::format("{} timed out after {}", what_, limit_text()));
    not_ready(fmt::format("connecting to {} timed out after {}", connector_.target(), limit_text()));
  }

  TlsClient* tls_;
  std::string what_;
  ProbeSpec spec_;
  HttpAnswer answer_;
  Watch body_grace_;
  std::unique_ptr<bufferevent, FreeBufferevent> stream_;
  Connector connector_;
};

}  // namespace

std::unique_ptr<ProbeAttempt> attempt_http(Loop& loop, Steering& steering, TlsClient* tls,
                                           const ProbeSpec& spec, const ProbeSubject& subject,
                                           Probe::Done done) {
  return std::make_unique<HttpAttempt>(loop, steering, tls, spec, subject, std::move(done));
}

}  // namespace rollctl
