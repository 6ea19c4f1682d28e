// SPDX-License-Identifier: MIT
// Every connection of an evhttp server, from accept to close. libevent 2.1 can neither enumerate an evhttp's
// connections nor close one gently. So this class creates each connection's bufferevent (evhttp_set_bevcb)
// with BEV_OPT_CLOSE_ON_FREE and keeps a reference: evhttp's "free" then only shuts the writing side, and
// this class closes the descriptor once it has read the client's end.
//
// Its many members are the callbacks of libevent, one function per event.
#pragma once

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "libroll/admission.h"
#include "libroll/handles.h"
#include "libroll/request_reader.h"
#include "libroll/roll.h"

namespace roll {

class Connections {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Hooks {
    Server::ConnectionHandler connected;
    Server::DoneHandler done;
    Server::RefusalHandler refusal;
    std::function<void()> emptied;  // the last connection was closed
  };

  // All are borrowed and must outlive this object.
  static std::unique_ptr<Connections> create(event_base* base, evhttp* http, const ServerOptions& options,
                                             Hooks* hooks);
  // Closes all connections at once. The evhttp must have been freed before.
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  std::size_t count() const { return connections_.size(); }

  // To be called for each request from evhttp, before and after the server's handler.
  void request_began(evhttp_request* request);
  void request_handled(evhttp_request* request);

  // From now on every request is answered with "Connection: close".
  void drain();
  // Ends the connections that have been idle for the grace period, counted from the drain. Returns the time
  // of the next call, or TimePoint::max() without idle connections.
  TimePoint end_idle(TimePoint now);

 private:
  // Fresh ──> Idle <──> Receiving ──> Answering ──> (Idle, or Ended when this was the last answer)
  //              Fresh, Idle, Receiving ──> Refused: to be answered by this class ──> Refusing ──> Ended
  //              any ──> Ended: evhttp has freed it ──> Lingering, or closed at once if the client has ended,
  //              too
  enum class Stage { Fresh, Idle, Receiving, Answering, Refused, Refusing, Ended, Lingering };

  struct Connection {
    Connection(Connections* its_owner, bufferevent* its_buffers);

    Connections* owner;
    bufferevent* buffers;
    evhttp_connection* http = nullptr;  // until it ended
    evhttp_request* request = nullptr;  // while it is answered
    Stage stage = Stage::Fresh;
    RequestReader reader;         // of the current request
    std::string held;             // bytes of later requests
    bool passing = false;         // while it passes bytes to evhttp
    bool client_closes = false;   // the client will send no further request
    Refusal refusal = 0;          // Refused: the status
    TimePoint since{};            // Idle: when the last answer was written; Receiving: of its head or body;
                                  // Lingering: since then
    EventPtr deadline = nullptr;  // Receiving, Lingering; null until it is needed
    std::optional<Admission::Source> admitted = std::nullopt;
  };

  Connections(event_base* base, evhttp* http, const ServerOptions& options, Hooks* hooks);

  static bufferevent* on_accept(event_base* base, void* self);
  static void on_input(evbuffer* buffer, const evbuffer_cb_info* info, void* connection);
  static void on_output(evbuffer* buffer, const evbuffer_cb_info* info, void* connection);
  static void on_answered(evhttp_request* request, void* connection);
  static void on_ended(evhttp_connection* http, void* connection);
  static void on_settle(int fd, short what, void* self);

  void settle_later(Connection& connection);
  void adopt(Connection& connection);
  bool admit(Connection& connection);
  void expect_request(Connection& connection);
  void read_on(Connection& connection);
  static void pass(Connection& connection, const std::string& bytes);

  // Implemented in connection_ends.cpp.
  static void on_deadline(int fd, short what, void* connection);
  static void on_refused_write(bufferevent* buffers, void* connection);
  static void on_refused_event(bufferevent* buffers, short what, void* connection);
  static void on_linger_read(bufferevent* buffers, void* connection);
  static void on_linger_event(bufferevent* buffers, short what, void* connection);

  TimePoint deadline_of(const Connection& connection) const;
  void arm(Connection& connection, TimePoint deadline);
  void refuse_later(Connection& connection, Refusal status);
  void refuse(Connection& connection);
  void linger(Connection& connection);
  void close(Connection& connection);
  Connection* find(evhttp_request* request);

  event_base* base_;
  ServerOptions options_;
  Hooks* hooks_;
  Admission admission_;
  EventPtr settle_event_;
  bool draining_ = false;
  TimePoint drain_start_{};
  std::unordered_map<bufferevent*, std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> unsettled_;
};

}  // namespace roll
