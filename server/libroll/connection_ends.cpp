// SPDX-License-Identifier: MIT
// The ends of a connection: refused, past its deadline, idle in a drain, and lingering for the client's end.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "libroll/connections.h"

namespace roll {
namespace {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

constexpr Refusal kTimedOut = 408;

std::string bare_answer(int status) {
  return "HTTP/1.1 " + std::to_string(status) + " \r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
}

}  // namespace

Connections::TimePoint Connections::deadline_of(const Connection& connection) const {
  TimePoint deadline = TimePoint::max();
  if (connection.stage == Stage::Lingering) return connection.since + options_.linger;
  switch (connection.reader.state()) {
    case RequestReader::State::Head:
      if (options_.head_timeout.count() > 0) deadline = connection.since + options_.head_timeout;
      if (draining_) deadline = std::min(deadline, std::max(connection.since, drain_start_) + options_.grace);
      return deadline;
    case RequestReader::State::Body:
      if (options_.body_timeout.count() > 0) {
        std::uint64_t rate = std::max<std::size_t>(options_.body_rate, 1);
        deadline = connection.since + options_.body_timeout +
                   Millis(connection.reader.body_bytes() / rate * 1000 +
                          connection.reader.body_bytes() % rate * 1000 / rate);
      }
      return deadline;
    default:
      return deadline;
  }
}

void Connections::arm(Connection& connection, TimePoint deadline) {
  if (deadline == TimePoint::max()) {
    if (connection.deadline) event_del(connection.deadline.get());
    return;
  }
  if (!connection.deadline)
    connection.deadline.reset(event_new(base_, -1, 0, &Connections::on_deadline, &connection));
  auto left = std::chrono::ceil<Millis>(std::max<Clock::duration>(deadline - Clock::now(), Millis(0)));
  timeval wait = to_timeval(left);
  if (connection.deadline) event_add(connection.deadline.get(), &wait);
}

void Connections::on_deadline(int, short, void* argument) {
  auto& connection = *static_cast<Connection*>(argument);
  Connections* self = connection.owner;
  if (connection.stage != Stage::Receiving && connection.stage != Stage::Lingering) return;
  TimePoint deadline = self->deadline_of(connection);
  if (deadline > Clock::now()) {
    self->arm(connection, deadline);  // the body has made progress
  } else if (connection.stage == Stage::Lingering) {
    self->close(connection);
  } else {
    self->refuse_later(connection, kTimedOut);
  }
}

void Connections::refuse_later(Connection& connection, Refusal status) {
  connection.stage = Stage::Refused;
  connection.refusal = status;
  settle_later(connection);
}

// From now on evhttp gets no more events of this connection. An error page that evhttp has made is not sent
// yet, because writing waits for the next poll.
void Connections::refuse(Connection& connection) {
  connection.stage = Stage::Refusing;
  char* peer = nullptr;
  ev_uint16_t port = 0;
  evhttp_connection_get_peer(connection.http, &peer, &port);
  std::string answer = hooks_->refusal ? hooks_->refusal(connection.refusal, peer == nullptr ? "" : peer)
                                       : bare_answer(connection.refusal);
  evbuffer* output = bufferevent_get_output(connection.buffers);
  evbuffer_unfreeze(output, 1);
  evbuffer_drain(output, evbuffer_get_length(output));
  evbuffer_freeze(output, 1);
  connection.held = {};
  timeval patience = to_timeval(std::max(options_.linger, Millis(1)));
  bufferevent_disable(connection.buffers, EV_READ);
  bufferevent_setcb(connection.buffers, nullptr, &Connections::on_refused_write,
                    &Connections::on_refused_event, &connection);
  bufferevent_set_timeouts(connection.buffers, nullptr, &patience);
  evbuffer_add(output, answer.data(), answer.size());
  bufferevent_enable(connection.buffers, EV_WRITE);
}

void Connections::on_refused_write(bufferevent*, void* argument) {
  evhttp_connection_free(static_cast<Connection*>(argument)->http);
}

void Connections::on_refused_event(bufferevent*, short, void* argument) {
  evhttp_connection_free(static_cast<Connection*>(argument)->http);
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
  connection.held = {};
  bufferevent_disable(connection.buffers, EV_WRITE);
  bufferevent_setcb(connection.buffers, &Connections::on_linger_read, nullptr, &Connections::on_linger_event,
                    &connection);
  bufferevent_set_timeouts(connection.buffers, nullptr, nullptr);
  bufferevent_enable(connection.buffers, EV_READ);
  arm(connection, deadline_of(connection));
}

void Connections::on_linger_read(bufferevent* buffers, void*) {
  evbuffer* input = bufferevent_get_input(buffers);
  evbuffer_drain(input, evbuffer_get_length(input));
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
  for (auto& [buffers, connection] : connections_) {
    if (connection->stage == Stage::Receiving) arm(*connection, deadline_of(*connection));
  }
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
    }  // else a request has just arrived, and the loop answers it next
  }
  for (evhttp_connection* http : ended) evhttp_connection_free(http);
  return next;
}

}  // namespace roll
