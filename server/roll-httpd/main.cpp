// SPDX-License-Identifier: MIT
#include <event2/event.h>
#include <event2/http.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

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

// Each connection is a descriptor, each file that is being sent another.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int serve(const HttpdOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  int error = 0;
  std::optional<DocumentRoot> root = DocumentRoot::open(options.root, error);
  if (!root) return fail(fmt::format("cannot serve {}: {}", options.root, std::strerror(error)));
  std::optional<AccessLog> log;
  if (!options.access_log.empty()) {
    if (auto opened = AccessLog::open(options.access_log, error)) log.emplace(std::move(*opened));
    if (!log)
      return fail(
          fmt::format("cannot write the access log {}: {}", options.access_log, std::strerror(error)));
  }

  Health health = Health::Warming;
  int status = 0;
  std::unique_ptr<event_base, BaseFree> base(event_base_new());
  if (!base) return fail("cannot create an event loop");
  std::unique_ptr<Server> server;
  FileServer files(std::move(*root), std::move(log), {options.index, options.release, options.rate},
                   [&] { return server->draining() ? Health::Draining : health; });
  ServerOptions server_options;
  server_options.keep_alive = options.keep_alive;
  server_options.grace = options.drain_grace;
  server = Server::create(base.get(), server_options);
  if (!server) return fail("cannot create the server");

  server->on_request([&](evhttp_request* request) { files.answer(request); });
  server->on_done([&](evhttp_request* request, Ending ending, std::size_t unsent) {
    files.done(request, ending, unsent);
  });
  server->on_refusal([&](int code, std::string_view peer) { return files.refuse(code, peer); });
  server->on_connection([&](bufferevent* connection) { files.connected(connection); });
  server->on_failure([&](const ServerFailure& failure) {
    status = fail(failure.message);
    event_base_loopbreak(base.get());
  });
  for (const std::string& address : options.listen) {
    if (auto failure = server->bind(address)) return fail(failure->message);
  }
  server->drain_on(SIGTERM);
  server->drain_on(SIGINT);
  if (auto failure = server->open()) return fail(failure->message);

  std::string where = fmt::format("{}", fmt::join(options.listen, ", "));
  auto become_ready = [&] {
    health = Health::Ready;
    complain(fmt::format("serving {} on {}", options.root, where));
    server->ready("serving on " + where);
  };
  EventPtr ready_event(event_new(
      base.get(), -1, 0, [](int, short, void* ready) { (*static_cast<decltype(become_ready)*>(ready))(); },
      &become_ready));
  if (options.ready_after.count() == 0) {
    become_ready();
  } else {
    timeval delay = to_timeval(options.ready_after);
    event_add(ready_event.get(), &delay);
  }

  event_base_dispatch(base.get());
  if (server->cut_short()) return fail(fmt::format("cut {} connections", server->connections()));
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
