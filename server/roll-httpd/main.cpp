// SPDX-License-Identifier: MIT
#include <event2/event.h>
#include <event2/http.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "libroll/handles.h"
#include "libroll/roll.h"
#include "roll-httpd/access_log.h"
#include "roll-httpd/document_root.h"
#include "roll-httpd/file_server.h"
#include "roll-httpd/options.h"

namespace roll {
namespace {

struct BaseFree {
  void operator()(event_base* base) const { event_base_free(base); }
};

void complain(const std::string& message) {
  fmt::print(stderr, "roll-httpd: {}\n", message);
}

int fail(const std::string& message) {
  complain(message);
  return 1;
}

// If the caller closed a descriptor below 3, a connection or the log would get its number, and receive
// messages.
bool open_standard_descriptors() {
  int fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

// Each connection takes a descriptor, and each file that is being sent another.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void connect(Server& server, const FileServer& files) {
  server.on_request([&](evhttp_request* request) { files.answer(request); });
  server.on_done([&](evhttp_request* request, Ending ending, std::size_t unsent) {
    files.done(request, ending, unsent);
  });
  server.on_refusal([&](int status, std::string_view peer) { return files.refuse(status, peer); });
  server.on_connection([&](bufferevent* connection) { files.connected(connection); });
}

// Becomes ready now, or when `event` fires.
struct Readiness {
  Server& server;
  std::string status;
  Health health = Health::Warming;
  EventPtr event = nullptr;

  void reach() {
    if (server.draining()) return;
    health = Health::Ready;
    complain(status);
    server.ready(status);
  }

  void reach_after(event_base* base, std::chrono::milliseconds delay) {
    if (delay.count() == 0) return reach();
    auto fire = [](int, short, void* self) { static_cast<Readiness*>(self)->reach(); };
    event.reset(event_new(base, -1, 0, fire, this));
    timeval time = to_timeval(delay);
    event_add(event.get(), &time);
  }
};

std::optional<ServerFailure> start(Server& server, const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) {
    if (auto failure = server.bind(address)) return failure;
  }
  server.drain_on(SIGTERM);
  server.drain_on(SIGINT);
  return server.open();
}

int serve(const HttpdOptions& options) {
  if (!open_standard_descriptors()) return 1;
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  int error = 0;
  std::optional<DocumentRoot> root = DocumentRoot::open(options.root, error);
  if (!root) return fail(fmt::format("cannot serve {}: {}", options.root, std::strerror(error)));
  std::optional<AccessLog> log;
  if (!options.access_log.empty()) {
    if (auto opened = AccessLog::open(options.access_log, error)) log.emplace(std::move(*opened));
    if (!log) return fail(fmt::format("cannot write {}: {}", options.access_log, std::strerror(error)));
  }

  std::unique_ptr<event_base, BaseFree> base(event_base_new());
  if (!base) return fail("cannot create an event loop");
  ServerOptions server_options;
  server_options.keep_alive = options.keep_alive;
  server_options.grace = options.drain_grace;
  server_options.head_timeout = options.head_timeout;
  server_options.body_timeout = options.body_timeout;
  server_options.max_connections = options.max_connections;
  server_options.max_connections_per_address = options.max_connections_per_address;
  std::unique_ptr<Server> server = Server::create(base.get(), server_options);
  if (!server) return fail("cannot create the server");

  int status = 0;
  Readiness readiness{*server,
                      fmt::format("serving {} on {}", options.root, fmt::join(options.listen, ", "))};
  FileServer files(std::move(*root), std::move(log), {options.index, options.release, options.rate},
                   [&] { return server->draining() ? Health::Draining : readiness.health; });
  connect(*server, files);
  server->on_failure([&](const ServerFailure& failure) {
    status = fail(failure.message);
    event_base_loopbreak(base.get());
  });
  if (auto failure = start(*server, options.listen)) return fail(failure->message);
  readiness.reach_after(base.get(), options.ready_after);
  event_base_dispatch(base.get());
  if (server->cut_short()) status = fail(fmt::format("cut {} open connections", server->connections()));
  server.reset();  // reports cut requests to `files`
  return status;
}

}  // namespace
}  // namespace roll

int main(int argc, char** argv) {
  auto parsed = roll::parse_options(argc, argv);
  if (auto* early = std::get_if<roll::EarlyExit>(&parsed)) {
    std::fputs(early->text.c_str(), early->status == 0 ? stdout : stderr);
    return early->status;
  }
  return roll::serve(std::get<roll::HttpdOptions>(parsed));
}
