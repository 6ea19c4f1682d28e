// SPDX-License-Identifier: MIT
#include "libroll/connections.h"

#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace roll {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxWrite = 256 * 1024;

bool says(const char* header, const char* word) {
  return header != nullptr && evutil_ascii_strcasecmp(header, word) == 0;
}

bool is_last_request(const evhttp_request* request) {
  const char* connection = evhttp_find_header(request->input_headers, "Connection");
  bool old = request->major < 1 || (request->major == 1 && request->minor == 0);
  return says(connection, "close") || (old && !says(connection, "keep-alive"));
}

// The status of an answer that evhttp has begun to write; 0 if there is none.
int status_in(evbuffer* output) {
  char line[13] = {};  // "HTTP/1.1 400 "
  if (evbuffer_copyout(output, line, sizeof line) != static_cast<ev_ssize_t>(sizeof line)) return 0;
  int status = 0;
  std::from_chars(line + 9, line + 12, status);
  return status;
}

}  // namespace

std::unique_ptr<Connections> Connections::create(event_base* base, evhttp* http, const ServerOptions& options,
                                                 Hooks* hooks) {
  std::unique_ptr<Connections> self(new Connections(base, http, options, hooks));
  if (!self->settle_event_) return nullptr;
  return self;
}

Connections::Connections(event_base* base, evhttp* http, const ServerOptions& options, Hooks* hooks)
    : base_(base), options_(options), hooks_(hooks) {
  settle_event_.reset(event_new(base, -1, 0, &Connections::on_settle, this));
  evhttp_set_bevcb(http, &Connections::on_accept, this);
}

Connections::~Connections() {
  for (auto& [buffers, connection] : connections_) bufferevent_decref(buffers);
}

bufferevent* Connections::on_accept(event_base* base, void* self) {
  auto* connections = static_cast<Connections*>(self);
  bufferevent* buffers = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
  if (buffers == nullptr) return nullptr;
  bufferevent_incref(buffers);
  bufferevent_set_max_single_write(buffers, kMaxWrite);
  auto connection = std::make_unique<Connection>();
  connection->owner = connections;
  connection->buffers = buffers;
  evbuffer_add_cb(bufferevent_get_input(buffers), &Connections::on_input, connection.get());
  evbuffer_add_cb(bufferevent_get_output(buffers), &Connections::on_output, connection.get());
  connections->settle_later(*connection);
  connections->connections_.emplace(buffers, std::move(connection));
  return buffers;
}

// What may not be done inside evhttp's own functions is done when the loop is back, before it polls again:
// the event goes to the end of the queue that is being run.
void Connections::settle_later(Connection& connection) {
  unsettled_.push_back(&connection);
  event_active(settle_event_.get(), EV_TIMEOUT, 0);
}

void Connections::on_settle(int, short, void* self) {
  auto* connections = static_cast<Connections*>(self);
  std::vector<Connection*> work;
  work.swap(connections->unsettled_);
  // One connection may be in here twice, fresh and ended: the pointer must not be used after it is closed.
  std::sort(work.begin(), work.end());
  work.erase(std::unique(work.begin(), work.end()), work.end());
  for (Connection* connection : work) {
    if (connection->stage == Stage::Fresh) connections->adopt(*connection);
    if (connection->stage == Stage::Refused) connections->replace_refusal(*connection);
    if (connection->stage == Stage::Ended) connections->linger(*connection);
  }
}

// evhttp gives its callbacks the connection as their argument; there is no other way to it before its first
// request.
void Connections::adopt(Connection& connection) {
  void* argument = nullptr;
  bufferevent_getcb(connection.buffers, nullptr, nullptr, nullptr, &argument);
  if (argument == nullptr) {
    close(connection);
    return;
  }
  connection.http = static_cast<evhttp_connection*>(argument);
  evhttp_connection_set_closecb(connection.http, &Connections::on_ended, &connection);
  expect_request(connection);
  if (hooks_->connected) hooks_->connected(connection.buffers);
}

void Connections::expect_request(Connection& connection) {
  connection.stage = Stage::Idle;
  connection.since = Clock::now();
  connection.head_bytes = 0;
  connection.line_bytes = 0;
}

void Connections::on_input(evbuffer* buffer, const evbuffer_cb_info* info, void* argument) {
  auto& connection = *static_cast<Connection*>(argument);
  if (info->n_added == 0 || (connection.stage != Stage::Idle && connection.stage != Stage::Receiving)) return;
  connection.stage = Stage::Receiving;
  connection.head_bytes += info->n_added;
  if (connection.line_bytes != 0) return;
  evbuffer_ptr end = evbuffer_search(buffer, "\n", 1, nullptr);
  if (end.pos >= 0) connection.line_bytes = static_cast<std::size_t>(end.pos) + 1;
}

void Connections::on_output(evbuffer* buffer, const evbuffer_cb_info* info, void* argument) {
  auto& connection = *static_cast<Connection*>(argument);
  if (info->n_added == 0 || (connection.stage != Stage::Idle && connection.stage != Stage::Receiving)) return;
  if (status_in(buffer) == 100) return;  // "100 Continue": the request goes on
  connection.stage = Stage::Refused;
  connection.owner->settle_later(connection);
}

Connections::Connection* Connections::find(evhttp_request* request) {
  evhttp_connection* http = evhttp_request_get_connection(request);
  if (http == nullptr) return nullptr;
  auto found = connections_.find(evhttp_connection_get_bufferevent(http));
  return found == connections_.end() ? nullptr : found->second.get();
}

void Connections::request_began(evhttp_request* request) {
  Connection* connection = find(request);
  if (connection == nullptr) return;
  connection->stage = Stage::Answering;
  connection->request = request;
  connection->client_closes = is_last_request(request);
  evhttp_request_set_on_complete_cb(request, &Connections::on_answered, connection);
  if (!draining_) return;
  // evhttp mirrors the request's "Connection: close". Only adding it to the answer would leave a second
  // header, "keep-alive", in answers to HTTP/1.0.
  while (evhttp_remove_header(request->input_headers, "Connection") == 0) {
  }
  evhttp_add_header(request->input_headers, "Connection", "close");
}

// While an answer is written, evhttp reads on and takes whatever comes into memory, and takes a client that
// has ended its sending side for one that is gone. Not reading avoids both; evhttp turns it on again for the
// next request.
void Connections::request_handled(evhttp_request* request) {
  Connection* connection = find(request);
  if (connection != nullptr && connection->stage == Stage::Answering)
    bufferevent_disable(connection->buffers, EV_READ);
}

void Connections::on_answered(evhttp_request* request, void* argument) {
  auto& connection = *static_cast<Connection*>(argument);
  connection.request = nullptr;
  connection.owner->expect_request(connection);
  if (std::size_t waiting = evbuffer_get_length(bufferevent_get_input(connection.buffers)); waiting > 0) {
    evbuffer_cb_info info{0, waiting, 0};
    on_input(bufferevent_get_input(connection.buffers), &info, &connection);
  }
  if (connection.owner->hooks_->done) connection.owner->hooks_->done(request, Ending::Answered, 0);
}

void Connections::on_ended(evhttp_connection*, void* argument) {
  auto& connection = *static_cast<Connection*>(argument);
  evhttp_request* request = std::exchange(connection.request, nullptr);
  connection.http = nullptr;
  connection.stage = Stage::Ended;
  connection.owner->settle_later(connection);
  if (request != nullptr && connection.owner->hooks_->done) {
    std::size_t unsent = evbuffer_get_length(bufferevent_get_output(connection.buffers));
    connection.owner->hooks_->done(request, Ending::Cut, unsent);
  }
}

// evhttp's page is complete in the buffer, and not a byte of it was sent: writing waits for the next poll.
void Connections::replace_refusal(Connection& connection) {
  if (!hooks_->refusal) return;
  evbuffer* output = bufferevent_get_output(connection.buffers);
  int status = status_in(output);
  if (status == 400 && (connection.line_bytes == 0 || connection.line_bytes > options_.max_head)) {
    if (connection.head_bytes > options_.max_head) status = 414;
  } else if (status == 400 && connection.head_bytes > options_.max_head) {
    status = 431;
  } else if (status == 0) {
    status = 501;  // evhttp answers "0 Unknown Status Class" to a method that it does not know
  }
  char* peer = nullptr;
  ev_uint16_t port = 0;
  evhttp_connection_get_peer(connection.http, &peer, &port);
  std::string answer = hooks_->refusal(status, peer == nullptr ? "" : peer);
  evbuffer_unfreeze(output, 1);
  evbuffer_drain(output, evbuffer_get_length(output));
  evbuffer_freeze(output, 1);
  bufferevent_disable(connection.buffers, EV_READ);
  evbuffer_add(output, answer.data(), answer.size());
}

void Connections::linger(Connection& connection) {
  int fd = bufferevent_getfd(connection.buffers);
  if (connection.client_closes || fd < 0) {
    close(connection);
    return;
  }
  char ignored[4096];
  ssize_t count = recv(fd, ignored, sizeof ignored, MSG_DONTWAIT);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
    close(connection);
    return;
  }
  connection.stage = Stage::Lingering;
  connection.since = Clock::now();
  timeval patience = to_timeval(options_.linger);
  bufferevent_disable(connection.buffers, EV_WRITE);
  bufferevent_setcb(connection.buffers, &Connections::on_linger_read, nullptr, &Connections::on_linger_event,
                    &connection);
  bufferevent_set_timeouts(connection.buffers, &patience, nullptr);
  bufferevent_enable(connection.buffers, EV_READ);
}

void Connections::on_linger_read(bufferevent* buffers, void* argument) {
  auto& connection = *static_cast<Connection*>(argument);
  evbuffer* input = bufferevent_get_input(buffers);
  evbuffer_drain(input, evbuffer_get_length(input));
  // Each read starts the time-out again; a client that sends for ever is not waited for.
  if (Clock::now() - connection.since > connection.owner->options_.linger)
    connection.owner->close(connection);
}

void Connections::on_linger_event(bufferevent*, short, void* argument) {
  auto& connection = *static_cast<Connection*>(argument);
  connection.owner->close(connection);
}

void Connections::close(Connection& connection) {
  bufferevent* buffers = connection.buffers;
  bufferevent_setcb(buffers, nullptr, nullptr, nullptr, nullptr);
  bufferevent_disable(buffers, EV_READ | EV_WRITE);
  evbuffer_remove_cb(bufferevent_get_input(buffers), &Connections::on_input, &connection);
  evbuffer_remove_cb(bufferevent_get_output(buffers), &Connections::on_output, &connection);
  connections_.erase(buffers);
  bufferevent_decref(buffers);
  if (connections_.empty() && hooks_->emptied) hooks_->emptied();
}

void Connections::drain() {
  draining_ = true;
  drain_start_ = Clock::now();
}

Connections::TimePoint Connections::end_idle(TimePoint now) {
  TimePoint next = TimePoint::max();
  std::vector<evhttp_connection*> ended;
  for (auto& [buffers, connection] : connections_) {
    if (connection->stage != Stage::Idle) continue;
    TimePoint end = std::max(connection->since, drain_start_) + options_.grace;
    char first = 0;
    if (end > now) {
      next = std::min(next, end);
    } else if (recv(bufferevent_getfd(buffers), &first, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
      ended.push_back(connection->http);
    }  // else: a request has just come, the loop answers it next
  }
  for (evhttp_connection* http : ended) evhttp_connection_free(http);
  return next;
}

}  // namespace roll
