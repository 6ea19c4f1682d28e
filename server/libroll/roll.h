// SPDX-License-Identifier: MIT
// libroll: lets an HTTP server on libevent be rolled from one release to the next without losing a
// connection, with a shared port, a gate, notifications and a drain. It depends on libevent only.
//
//   auto server = roll::Server::create(base, {});
//   server->on_request([](evhttp_request* request) { evhttp_send_reply(request, 200, nullptr, nullptr); });
//   if (auto failure = server->bind("0.0.0.0:8080")) …
//   if (auto failure = server->open()) …
//   server->drain_on(SIGTERM);
//   server->ready("");
//   event_base_dispatch(base);          // returns once the server has drained
//
// Not thread-safe: to be used in the thread that runs the event base. The program must ignore SIGPIPE.
#pragma once

#include <event2/http.h>  // evhttp_request, event_base, bufferevent

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace roll {

// A failure: an errno value (0: not from the system) and a sentence without a full stop, such as "cannot
// listen on 0.0.0.0:8080: Address already in use".
struct ServerFailure {
  int os_error = 0;
  std::string message;
};

// Sends `state` ("READY=1", or several lines as in sd_notify(3)) to the datagram socket that $NOTIFY_SOCKET
// names, a path or an abstract name after "@". Returns 0 when it was sent or there is no $NOTIFY_SOCKET, else
// an errno value, such as ECONNREFUSED when the supervisor is dead. Blocks for 100 ms at most, if the
// supervisor does not read.
int notify(std::string_view state);

struct ServerOptions {
  std::chrono::milliseconds keep_alive{75'000};  // a connection without traffic for this long is closed
  std::chrono::milliseconds grace{
      5'000};  // a drain waits this long for the next request of an idle connection
  std::chrono::milliseconds linger{5'000};  // a closed connection waits this long for the client's end
  std::size_t max_head = 16 * 1024;         // bytes of request line and headers
  std::size_t max_body = 64 * 1024;         // bytes of a request's body
  int backlog = 4096;                       // the kernel caps it at net.core.somaxconn
  // Limit for the head of a request, from its first byte to its last; 0: none. In a drain also `grace`.
  std::chrono::milliseconds head_timeout{10'000};
  // Limit for a body, from the end of the head on, in addition to its time at `body_rate` bytes per second;
  // 0: none.
  std::chrono::milliseconds body_timeout{10'000};
  std::size_t body_rate = 1024;
  // Excess connections are answered with status 503 and closed; 0: no limit. An address is an IPv4 address or
  // the /64 of an IPv6 address; behind a proxy all clients have the proxy's.
  std::size_t max_connections = 10'000;
  std::size_t max_connections_per_address = 0;
};

// The end of an answer. `Cut`: the connection ended before the answer was written.
enum class Ending { Answered, Cut };

// An evhttp server with listeners of its own. It keeps the supervisor's contract:
//
//   gate    bind() joins the port without listening. While the descriptor $ROLL_GATE_FD is open and has not
//           reached its end of file, open() does not listen: the kernel sends no connections, because a
//           socket joins its SO_REUSEPORT group at listen(2). ready() may be called meanwhile.
//   drain   drain() accepts the waiting connections, closes the listeners (a disabled one would still get its
//           share of the connections), and answers the next request of every connection with "Connection:
//           close". It ends connections that do not send a complete head within the grace period. Bodies and
//           answers have their usual time. The loop ends with the last connection.
//   close   a connection is shut for writing and read to its end before it is closed, so that a request that
//           crosses the close does not reset the connection during an answer (RFC 9112, 9.6).
class Server {
 public:
  using Handler = std::function<void(evhttp_request*)>;
  // `unsent`: bytes of the answer that the kernel has not taken. The request is valid during the call.
  using DoneHandler = std::function<void(evhttp_request*, Ending ending, std::size_t unsent)>;
  using RefusalHandler = std::function<std::string(int status, std::string_view peer)>;
  using ConnectionHandler = std::function<void(bufferevent*)>;
  using FailureHandler = std::function<void(const ServerFailure&)>;

  // `base` is borrowed and must outlive the server. Returns null without memory or descriptors.
  static std::unique_ptr<Server> create(event_base* base, const ServerOptions& options);
  // Closes all listeners and connections at once. To lose none, call drain() and run the loop before.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Called for every complete request that is well-formed by RFC 9112. The handler answers it with evhttp's
  // functions, preferably before it returns. Methods are not filtered. Field values have no blanks around
  // them, a chunked body no extensions and trailers. HEAD and TRACE have no body: if the client sent one, the
  // connection ends after the answer.
  void on_request(Handler handler);
  // Called once for every request that on_request got.
  void on_done(DoneHandler handler);
  // Makes the answer to an invalid request, which never reaches on_request; the connection ends after it.
  // Returns a complete answer: status line, headers (with "Connection: close") and body. `status` is
  //   400       malformed or ambiguous
  //   408       head_timeout or body_timeout is over
  //   413       the body is longer than max_body
  //   414, 431  request line or fields are longer than max_head
  //   417       an Expect other than "100-continue"
  //   501       a method that evhttp does not know
  //   503       max_connections or max_connections_per_address is reached
  // Without a handler the answer has no body.
  void on_refusal(RefusalHandler handler);
  // Called for each new connection before the first read, to set rate limits for instance.
  void on_connection(ConnectionHandler handler);
  // Called when listen(2) fails after the gate opened: the server does not serve then.
  void on_failure(FailureHandler handler);

  // Joins the port of `address`: HOST:PORT, [V6]:PORT, or :PORT for all addresses of both families (IPv4 only
  // where the kernel has no IPv6). A host name takes its first address and may block in the resolver.
  std::optional<ServerFailure> bind(std::string_view address);
  // Listens on all bound addresses, with a gate once it is open.
  std::optional<ServerFailure> open();
  // Sends READY=1 to the supervisor, and `status` unless empty.
  void ready(std::string_view status);

  // Drains on this signal; stops at once on a second one.
  void drain_on(int signal);
  void drain();

  bool gated() const;      // open() was called and the gate is still shut
  bool draining() const;   // from drain() on
  bool cut_short() const;  // ended by a second signal, with connections open
  std::size_t connections() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace roll
