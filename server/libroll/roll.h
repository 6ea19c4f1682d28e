// SPDX-License-Identifier: MIT
// libroll: what an HTTP server on libevent needs to be rolled from one release to the next without losing a
// connection: a shared port, a gate, notifications and a drain. It needs libevent and nothing else.
//
//   auto server = roll::Server::create(base, {});
//   server->on_request([](evhttp_request* request) { evhttp_send_reply(request, 200, nullptr, nullptr); });
//   if (auto failure = server->bind("0.0.0.0:8080")) …
//   if (auto failure = server->open()) …
//   server->drain_on(SIGTERM);
//   server->ready("");
//   event_base_dispatch(base);          // returns once the server has drained
//
// Not safe for threads: everything happens in the thread that runs the event base. The program ignores
// SIGPIPE.
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

// Why something could not be done: an errno value (0 if the system was not asked) and a sentence without a
// trailing stop, such as "cannot listen on 0.0.0.0:8080: Address already in use".
struct ServerFailure {
  int os_error = 0;
  std::string message;
};

// Sends `state` ("READY=1", or several lines as in sd_notify(3)) to the datagram socket that $NOTIFY_SOCKET
// names, a path or an abstract name after "@". Returns 0 when it was sent or when nobody asked for it
// (no $NOTIFY_SOCKET), else an errno value, ECONNREFUSED for instance when the supervisor is dead. A
// supervisor that does not read delays the caller by at most 100 ms.
int notify(std::string_view state);

struct ServerOptions {
  std::chrono::milliseconds keep_alive{
      75'000};  // a connection that sends or takes nothing for so long is closed
  std::chrono::milliseconds grace{
      5'000};  // how long a drain waits for the next request of an idle connection
  std::chrono::milliseconds linger{5'000};  // how long a closed connection waits for the client's end
  std::size_t max_head = 16 * 1024;         // bytes of request line and headers
  std::size_t max_body = 64 * 1024;         // bytes of a request's body
  int backlog = 4096;                       // the kernel caps it at net.core.somaxconn
  // How long the head of a request may take, from its first byte to its last; 0: for ever. While the server
  // drains it may also take no longer than `grace`.
  std::chrono::milliseconds head_timeout{10'000};
  // How long a body may take, from the end of the head on, beyond the time that it takes at `body_rate` bytes
  // per second; 0: for ever.
  std::chrono::milliseconds body_timeout{10'000};
  std::size_t body_rate = 1024;
  // More connections are answered with status 503 and closed; 0: no limit. Addresses: an IPv4 address or the
  // /64 of an IPv6 address. Behind a proxy all clients have the proxy's.
  std::size_t max_connections = 10'000;
  std::size_t max_connections_per_address = 0;
};

// How the answer to a request ended. `Cut`: the connection went away before the answer was written.
enum class Ending { Answered, Cut };

// An evhttp server with listeners of its own. It keeps the supervisor's contract:
//
//   gate    bind() joins the port without listening. While the descriptor $ROLL_GATE_FD is open and has not
//           reached its end of file, open() leaves the sockets as they are: the kernel sends them no
//           connection, since a socket joins its SO_REUSEPORT group at listen(2). ready() may be called
//           meanwhile.
//   drain   drain() accepts what still waits, closes the listeners (a disabled one would go on getting its
//           share of the connections), answers the next request of every connection with "Connection: close",
//           and ends those that send none, or not all of its head, within the grace period. A body may still
//           take its time, and so may the client that reads an answer. When no connection is left the loop
//           ends.
//   close   a connection is shut for writing first and read to its end before it is closed, so that a request
//           that crosses the close does not reset the connection under an answer (RFC 9112, 9.6).
class Server {
 public:
  using Handler = std::function<void(evhttp_request*)>;
  // `unsent`: bytes of the answer that the kernel has not taken. The request is valid during the call.
  using DoneHandler = std::function<void(evhttp_request*, Ending ending, std::size_t unsent)>;
  using RefusalHandler = std::function<std::string(int status, std::string_view peer)>;
  using ConnectionHandler = std::function<void(bufferevent*)>;
  using FailureHandler = std::function<void(const ServerFailure&)>;

  // `base` is borrowed and must outlive the server. Returns null when memory or descriptors are short.
  static std::unique_ptr<Server> create(event_base* base, const ServerOptions& options);
  // Closes everything at once, listeners and connections: call drain() and run the loop before that.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Called for every request that is well-formed as in RFC 9112, once it is there whole; answers it with
  // evhttp's functions, best before it returns. Methods are not filtered. The handler sees fields without
  // blanks around their values, a chunked body without extensions and trailers, and no body of HEAD and
  // TRACE: after one that had a body the connection ends.
  void on_request(Handler handler);
  // Called once for every request that on_request got.
  void on_done(DoneHandler handler);
  // Anything else never reaches on_request: it is refused with an answer, and the connection ends. This makes
  // the answer: returns a whole one, status line, headers (with "Connection: close") and body. `status` is
  //   400  malformed, or to be read in two ways      408  head_timeout or body_timeout is over
  //   413  the body is longer than max_body          414, 431  request line or fields are longer than
  //   max_head 417  an Expect that is not "100-continue"      501  a method that evhttp does not know 503
  //   max_connections or max_connections_per_address is reached
  // Without a handler it is an answer without a body.
  void on_refusal(RefusalHandler handler);
  // Called for each new connection, before anything is read from it: for rate limits and the like.
  void on_connection(ConnectionHandler handler);
  // Called when the gate opened and listen(2) failed: the server serves nothing then.
  void on_failure(FailureHandler handler);

  // Joins the port of `address`: HOST:PORT, [V6]:PORT, or :PORT for all addresses of both families (IPv4 only
  // where the kernel has no IPv6). A host name takes its first address and may block in the resolver.
  std::optional<ServerFailure> bind(std::string_view address);
  // Listens on all bound addresses; with a shut gate as soon as it opens.
  std::optional<ServerFailure> open();
  // Tells the supervisor READY=1, and `status` if it is not empty.
  void ready(std::string_view status);

  // Drains on this signal; when it comes a second time, stops at once.
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
