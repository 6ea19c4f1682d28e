// SPDX-License-Identifier: MIT
#include "libroll/connections.h"

#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace roll {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxWrite = 256 * 1024;
// The most connections that wait for the client's end, refused ones included. Above it, excess connections
// are closed without an answer.
constexpr std::size_t kMaxEnding = 1000;

// The status of an answer that evhttp has begun to write; 0: none.
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
    : base_(base),
      options_(options),
      hooks_(hooks),
      admission_(options.max_connections, options.max_connections_per_address) {
  settle_event_.reset(event_new(base, -1, 0, &Connections::on_settle, this));
  evhttp_set_bevcb(http, &Connections::on_accept, this);
}

Connections::Connection::Connection(Connections* its_owner, bufferevent* its_buffers)
    : owner(its_owner),
      buffers(its_buffers),
      reader({its_owner->options_.max_head, its_owner->options_.max_body}) {}

Connections::~Connections() {
  for (auto& [buffers, connection] : connections_) bufferevent_decref(buffers);
}

bufferevent* Connections::on_accept(event_base* base, void* self) {
  auto* connections = static_cast<Connections*>(self);
  bufferevent* buffers = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
  if (buffers == nullptr) return nullptr;
  bufferevent_incref(buffers);
  bufferevent_set_max_single_write(buffers, kMaxWrite);
  auto connection = std::make_unique<Connection>(connections, buffers);
  evbuffer_add_cb(bufferevent_get_input(buffers), &Connections::on_input, connection.get());
  evbuffer_add_cb(bufferevent_get_output(buffers), &Connections::on_output, connection.get());
  connections->settle_later(*connection);
  connections->connections_.emplace(buffers, std::move(connection));
  return buffers;
}

// Defers work that must not happen inside evhttp's functions until the loop is back, before it polls again:
// the event goes to the end of the queue that is being run.
void Connections::settle_later(Connection& connection) {
  unsettled_.push_back(&connection);
  event_active(settle_event_.get(), EV_TIMEOUT, 0);
}

void Connections::on_settle(int, short, void* self) {
  auto* connections = static_cast<Connections*>(self);
  std::vector<Connection*> work;
  work.swap(connections->unsettled_);
  // A connection may be in the list twice, fresh and ended: it must not be used after it is closed.
  std::sort(work.begin(), work.end());
  work.erase(std::unique(work.begin(), work.end()), work.end());
  for (Connection* connection : work) {
    // One act each, which may put the connection into the next round.
    switch (connection->stage) {
      case Stage::Fresh:
        connections->adopt(*connection);
        break;
      case Stage::Refused:
        connections->refuse(*connection);
        break;
      case Stage::Ended:
        connections->linger(*connection);
        break;
      default:
        break;
    }
  }
}

// evhttp passes the connection as the argument of its callbacks, the only access to it before the first
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
  if (!admit(connection)) return;
  expect_request(connection);
  if (hooks_->connected) hooks_->connected(connection.buffers);
}

bool Connections::admit(Connection& connection) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getpeername(bufferevent_getfd(connection.buffers), reinterpret_cast<sockaddr*>(&address), &size);
  Admission::Source source = Admission::source_of(address);
  if (admission_.enter(source)) {
    connection.admitted = source;
    return true;
  }
  if (connections_.size() - admission_.count() > kMaxEnding) {
    connection.client_closes = true;
    evhttp_connection_free(connection.http);
  } else {
    refuse_later(connection, 503);
  }
  return false;
}

void Connections::expect_request(Connection& connection) {
  connection.stage = Stage::Idle;
  connection.since = Clock::now();
  connection.reader = RequestReader({options_.max_head, options_.max_body});
}

// Runs while the bufferevent reads, before evhttp is told of the bytes. Replaces them by the reader's output,
// so that evhttp sees no request before its head is complete.
void Connections::on_input(evbuffer* buffer, const evbuffer_cb_info* info, void* argument) {
  auto& connection = *static_cast<Connection*>(argument);
  if (info->n_added == 0 || connection.passing || connection.stage >= Stage::Refused) return;
  std::string bytes(evbuffer_get_length(buffer), '\0');
  evbuffer_remove(buffer, bytes.data(), bytes.size());
  std::size_t passed = bytes.size() - info->n_added;  // earlier, and not taken by evhttp yet
  connection.held.append(bytes, passed);
  if (passed > 0) pass(connection, bytes.substr(0, passed));
  if (connection.stage == Stage::Answering) {
    bufferevent_disable(connection.buffers, EV_READ);  // evhttp turns it on when it begins to write
  } else {
    connection.owner->read_on(connection);
  }
}

void Connections::read_on(Connection& connection) {
  using State = RequestReader::State;
  RequestReader& reader = connection.reader;
  std::size_t taken = 0;
  do {
    State before = reader.state();
    taken = reader.take(connection.held);
    connection.held.erase(0, taken);
    State now = reader.state();
    if (now == before) continue;
    if (now == State::Refused) {
      refuse_later(connection, reader.refusal());
      return;
    }
    if (now == State::Body || now == State::Complete) pass(connection, reader.take_normal_form());
    connection.stage = now == State::Empty ? Stage::Idle : Stage::Receiving;
    connection.since = Clock::now();
    arm(connection, deadline_of(connection));
  } while (taken > 0 && !connection.held.empty());
}

void Connections::pass(Connection& connection, const std::string& bytes) {
  evbuffer* input = bufferevent_get_input(connection.buffers);
  connection.passing = true;
  evbuffer_unfreeze(input, 0);
  evbuffer_add(input, bytes.data(), bytes.size());
  evbuffer_freeze(input, 0);
  connection.passing = false;
}

// Replaces the answer that evhttp itself sends to a request that it cannot parse.
void Connections::on_output(evbuffer* buffer, const evbuffer_cb_info* info, void* argument) {
  auto& connection = *static_cast<Connection*>(argument);
  if (info->n_added == 0 || (connection.stage != Stage::Idle && connection.stage != Stage::Receiving)) return;
  int status = status_in(buffer);
  if (status == 100) return;  // "100 Continue": the request goes on
  connection.owner->refuse_later(connection, status);
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
  After after = connection->reader.after();
  connection->client_closes = after == After::ClientEnds;
  if (after != After::NextRequest) connection->held.clear();
  evhttp_request_set_on_complete_cb(request, &Connections::on_answered, connection);
  if (!draining_ && after == After::NextRequest) return;
  // On the request, because evhttp copies "Connection: close" from it. On the answer alone it would stand
  // beside "keep-alive" in HTTP/1.0.
  while (evhttp_remove_header(request->input_headers, "Connection") == 0) {
  }
  evhttp_add_header(request->input_headers, "Connection", "close");
}

// While an answer is written, evhttp would read on into memory, and treat a client that has shut its sending
// side as gone. So reading is off until evhttp turns it on for the next request.
void Connections::request_handled(evhttp_request* request) {
  Connection* connection = find(request);
  if (connection != nullptr && connection->stage == Stage::Answering)
    bufferevent_disable(connection->buffers, EV_READ);
}

void Connections::on_answered(evhttp_request* request, void* argument) {
  auto& connection = *static_cast<Connection*>(argument);
  connection.request = nullptr;
  connection.owner->expect_request(connection);
  connection.owner->read_on(connection);
  if (connection.owner->hooks_->done) connection.owner->hooks_->done(request, Ending::Answered, 0);
}

void Connections::on_ended(evhttp_connection*, void* argument) {
  auto& connection = *static_cast<Connection*>(argument);
  evhttp_request* request = std::exchange(connection.request, nullptr);
  connection.http = nullptr;
  connection.stage = Stage::Ended;
  if (connection.admitted) connection.owner->admission_.leave(*connection.admitted);
  connection.admitted.reset();
  connection.owner->settle_later(connection);
  if (request != nullptr && connection.owner->hooks_->done) {
    std::size_t unsent = evbuffer_get_length(bufferevent_get_output(connection.buffers));
    connection.owner->hooks_->done(request, Ending::Cut, unsent);
  }
}

}  // namespace roll
