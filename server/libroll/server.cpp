// SPDX-License-Identifier: MIT
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libroll/connections.h"
#include "libroll/gate.h"
#include "libroll/handles.h"
#include "libroll/listen_address.h"
#include "libroll/roll.h"

namespace roll {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kAcceptPause = std::chrono::milliseconds(50);
constexpr auto kStatusInterval = std::chrono::milliseconds(1000);
constexpr auto kShortestWait = std::chrono::milliseconds(10);
constexpr int kAcceptRounds = 1000;

ServerFailure failure(int error, const std::string& what) {
  return {error, what + ": " + std::strerror(error)};
}

std::uint16_t all_methods() {
  return EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
         EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH;
}

}  // namespace

struct Server::Impl {
  struct Listener {
    int fd = -1;  // owned until evhttp takes it
    std::string address;
    evhttp_bound_socket* bound = nullptr;
  };

  event_base* base = nullptr;
  ServerOptions options;
  Connections::Hooks hooks;
  Handler handler;
  FailureHandler failed;
  std::unique_ptr<Connections> connections;  // outlives `http`, which reports every end to it
  EvhttpPtr http;
  Gate gate;
  std::vector<Listener> listeners;
  std::vector<EventPtr> signals;
  EventPtr drain_event, resume_event, status_event;
  std::size_t reported = 0;
  int rounds = 0;
  bool opened = false, gated = false, draining = false, closed = false, cut_short = false;

  // A listener's error callback gets the evhttp as its only argument.
  static thread_local std::unordered_map<evhttp*, Impl*> servers;

  ~Impl() {
    servers.erase(http.get());
    http.reset();
    for (const Listener& listener : listeners) {
      if (listener.fd >= 0) close(listener.fd);
    }
  }

  std::optional<ServerFailure> listen_all();
  static void on_accept_failed(evconnlistener* listener, void* http);
  void begin_drain();
  void on_drain();
  void close_listeners();
  bool somebody_waits() const;
  void finish_if_empty();
  void report();
};

thread_local std::unordered_map<evhttp*, Server::Impl*> Server::Impl::servers;

std::unique_ptr<Server> Server::create(event_base* base, const ServerOptions& options) {
  auto impl = std::make_unique<Impl>();
  Impl* self = impl.get();
  self->base = base;
  self->options = options;
  self->http.reset(evhttp_new(base));
  if (!self->http) return nullptr;
  evhttp* http = self->http.get();
  Impl::servers.emplace(http, self);
  evhttp_set_timeout_tv(http, nullptr);
  if (options.keep_alive.count() > 0) {
    timeval keep_alive = to_timeval(options.keep_alive);
    evhttp_set_timeout_tv(http, &keep_alive);
  }
  evhttp_set_max_headers_size(http, static_cast<ev_ssize_t>(options.max_head));
  evhttp_set_max_body_size(http, static_cast<ev_ssize_t>(options.max_body));
  evhttp_set_allowed_methods(http, all_methods());
  evhttp_set_default_content_type(http, nullptr);
  evhttp_set_gencb(
      http,
      [](evhttp_request* request, void* argument) {
        auto* server = static_cast<Impl*>(argument);
        server->connections->request_began(request);
        if (server->handler) {
          server->handler(request);
        } else {
          evhttp_send_error(request, HTTP_NOTFOUND, nullptr);
        }
        server->connections->request_handled(request);
      },
      self);
  self->hooks.emptied = [self] { self->finish_if_empty(); };
  self->connections = Connections::create(base, http, options, &self->hooks);
  self->drain_event.reset(
      event_new(base, -1, 0, [](int, short, void* server) { static_cast<Impl*>(server)->on_drain(); }, self));
  self->status_event.reset(event_new(
      base, -1, EV_PERSIST, [](int, short, void* server) { static_cast<Impl*>(server)->report(); }, self));
  self->resume_event.reset(event_new(
      base, -1, 0,
      [](int, short, void* argument) {
        for (Impl::Listener& listener : static_cast<Impl*>(argument)->listeners) {
          if (listener.bound != nullptr)
            evconnlistener_enable(evhttp_bound_socket_get_listener(listener.bound));
        }
      },
      self));
  if (!self->connections || !self->drain_event || !self->status_event || !self->resume_event) return nullptr;
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

void Server::on_request(Handler handler) {
  impl_->handler = std::move(handler);
}
void Server::on_done(DoneHandler handler) {
  impl_->hooks.done = std::move(handler);
}
void Server::on_refusal(RefusalHandler handler) {
  impl_->hooks.refusal = std::move(handler);
}
void Server::on_connection(ConnectionHandler handler) {
  impl_->hooks.connected = std::move(handler);
}
void Server::on_failure(FailureHandler handler) {
  impl_->failed = std::move(handler);
}

bool Server::gated() const {
  return impl_->gated;
}
bool Server::draining() const {
  return impl_->draining;
}
bool Server::cut_short() const {
  return impl_->cut_short;
}
std::size_t Server::connections() const {
  return impl_->connections->count();
}

std::optional<ServerFailure> Server::bind(std::string_view text) {
  std::string why;
  std::optional<ListenAddress> address = parse_listen_address(text, why);
  if (!address) return ServerFailure{0, "cannot listen on " + std::string(text) + ": " + why};
  int fd = bind_reuseport(*address);
  if (fd < 0) return failure(-fd, "cannot listen on " + address->text);
  impl_->listeners.push_back({fd, address->text, nullptr});
  return std::nullopt;
}

std::optional<ServerFailure> Server::open() {
  Impl* impl = impl_.get();
  if (auto bad = impl->gate.take_from_environment()) return bad;
  impl->opened = true;
  if (impl->gate.open()) return impl->listen_all();
  impl->gated = true;
  bool watched = impl->gate.watch(impl->base, [impl] {
    impl->gated = false;
    auto bad = impl->listen_all();
    if (bad && impl->failed) impl->failed(*bad);
  });
  if (!watched) return ServerFailure{ENOMEM, "cannot watch the descriptor ROLL_GATE_FD"};
  return std::nullopt;
}

std::optional<ServerFailure> Server::Impl::listen_all() {
  for (Listener& listener : listeners) {
    if (listen(listener.fd, options.backlog) != 0)
      return failure(errno, "cannot listen on " + listener.address);
    listener.bound = evhttp_accept_socket_with_handle(http.get(), listener.fd);
    if (listener.bound == nullptr) return failure(ENOMEM, "cannot listen on " + listener.address);
    listener.fd = -1;
    evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(listener.bound), &Impl::on_accept_failed);
  }
  return std::nullopt;
}

// Without free descriptors accept(2) fails and the queue stays readable: wait a moment instead of spinning.
// The disabled listener stays in its group meanwhile, and clients wait in its queue.
void Server::Impl::on_accept_failed(evconnlistener* listener, void* http) {
  auto found = servers.find(static_cast<evhttp*>(http));
  if (found == servers.end()) return;
  evconnlistener_disable(listener);
  timeval pause = to_timeval(kAcceptPause);
  event_add(found->second->resume_event.get(), &pause);
}

void Server::ready(std::string_view status) {
  std::string state = "READY=1";
  if (!status.empty()) state += "\nSTATUS=" + std::string(status);
  notify(state);
}

void Server::drain_on(int signal) {
  auto on_signal = [](int number, short, void* argument) {
    auto* impl = static_cast<Impl*>(argument);
    (void)number;
    if (!impl->draining) {
      impl->begin_drain();
      return;
    }
    impl->cut_short = impl->connections->count() > 0;
    event_base_loopbreak(impl->base);
  };
  impl_->signals.emplace_back(evsignal_new(impl_->base, signal, on_signal, impl_.get()));
  if (impl_->signals.back()) event_add(impl_->signals.back().get(), nullptr);
}

void Server::drain() {
  impl_->begin_drain();
}

void Server::Impl::begin_drain() {
  if (draining) return;
  draining = true;
  gated = false;
  gate.abandon();
  connections->drain();
  report();
  on_drain();
}

// Repeated during a drain: first the listeners, then the idle connections.
void Server::Impl::on_drain() {
  if (!closed) {
    // Only evhttp's own callback can accept, so the loop empties the queue; the close has to follow the check
    // at once. Under a flood of connections the queue may never be empty.
    if (somebody_waits() && ++rounds < kAcceptRounds) {
      timeval at_once{0, 0};
      event_add(drain_event.get(), &at_once);
      return;
    }
    close_listeners();
    timeval interval = to_timeval(kStatusInterval);
    event_add(status_event.get(), &interval);
  }
  if (connections->count() == 0) {
    finish_if_empty();
    timeval at_once{0, 0};  // event_base_loopbreak() has no effect before the loop runs
    event_add(drain_event.get(), &at_once);
    return;
  }
  Connections::TimePoint now = Clock::now();
  Connections::TimePoint next = connections->end_idle(now);
  // A connection may become idle later: look again when one that becomes idle now would be due.
  auto wait = std::clamp<Clock::duration>(next - now, kShortestWait, std::max(options.grace, kShortestWait));
  timeval delay =
      to_timeval(std::chrono::duration_cast<std::chrono::milliseconds>(wait) + std::chrono::milliseconds(1));
  event_add(drain_event.get(), &delay);
}

bool Server::Impl::somebody_waits() const {
  return std::any_of(listeners.begin(), listeners.end(), [](const Listener& listener) {
    if (listener.bound == nullptr) return false;
    pollfd queue{evhttp_bound_socket_get_fd(listener.bound), POLLIN, 0};
    return poll(&queue, 1, 0) == 1 && (queue.revents & POLLIN) != 0;
  });
}

void Server::Impl::close_listeners() {
  for (Listener& listener : listeners) {
    if (listener.bound != nullptr) evhttp_del_accept_socket(http.get(), listener.bound);
    if (listener.fd >= 0) close(listener.fd);
  }
  listeners.clear();
  closed = true;
}

void Server::Impl::finish_if_empty() {
  if (closed && connections->count() == 0) event_base_loopbreak(base);
}

void Server::Impl::report() {
  std::size_t count = connections->count();
  std::string status =
      "STATUS=draining, " + std::to_string(count) + (count == 1 ? " connection" : " connections") + " open";
  if (!closed) {
    notify("STOPPING=1\n" + status);
  } else if (count != reported) {
    notify(status);
  }
  reported = count;
}

}  // namespace roll
