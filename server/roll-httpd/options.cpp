// SPDX-License-Identifier: MIT
#include "roll-httpd/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

namespace roll {
namespace {

constexpr const char* kFooter =
    "\nDUR is a number with ms, s, m or h. SIZE may end in KB, MB or GB.\n"
    "Paths that lead out of the root, by \"..\" or by a symbolic link, are refused; so are absolute links.\n"
    "GET /-/readyz answers 200 when the server is ready and 503 while it warms up or drains.\n"
    "\n"
    "SIGTERM or SIGINT drains: no new connections, every open one is answered a last time, then exit status "
    "0.\n"
    "A second signal ends at once, with status 1 if connections were cut.\n"
    "The exit status is 1 if the server cannot start, 2 for a wrong command line.\n"
    "\n"
    "Environment: NOTIFY_SOCKET gets READY=1, STATUS= and STOPPING=1 as in sd_notify(3). With ROLL_GATE_FD "
    "the\n"
    "server listens only once that descriptor reads end of file. ROLL_RELEASE is the default of --release.\n";

std::string check_header_value(const std::string& value) {
  bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return printable ? "" : "must be printable ASCII";
}

// Without CLI11's additions to the type's name in the help.
CLI::Validator unlisted(CLI::Validator validator) {
  return validator.description("");
}

CLI::Option* add_duration(CLI::App& app, const std::string& name, std::int64_t& value,
                          const std::string& help) {
  static const std::map<std::string, std::int64_t> kUnits{
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  return app.add_option(name, value, help)
      ->transform(unlisted(CLI::AsNumberWithUnit(kUnits, CLI::AsNumberWithUnit::UNIT_REQUIRED)))
      ->check(unlisted(CLI::NonNegativeNumber))
      ->type_name("DUR");
}

void add_count(CLI::App& app, const std::string& name, std::uint64_t& value, const std::string& help) {
  app.add_option(name, value, help)->check(unlisted(CLI::NonNegativeNumber))->type_name("N");
}

}  // namespace

std::variant<HttpdOptions, EarlyExit> parse_options(int argc, const char* const* argv) {
  HttpdOptions options;
  CLI::App app(
      "A static file server that is rolled from one release to the next without losing a connection.",
      "roll-httpd");
  std::int64_t keep_alive = options.keep_alive.count();
  std::int64_t drain_grace = options.drain_grace.count();
  std::int64_t head_timeout = options.head_timeout.count();
  std::int64_t body_timeout = options.body_timeout.count();
  std::int64_t ready_after = 0;
  bool has_release = false;
  app.add_option("-l,--listen", options.listen,
                 "HOST:PORT, [V6]:PORT, or :PORT for all addresses; repeatable [127.0.0.1:8080]")
      ->type_name("ADDR")
      ->allow_extra_args(false);
  app.add_option("-r,--root", options.root, "directory to serve [.]")->type_name("DIR");
  app.add_option("--index", options.index, "file that stands for its directory; repeatable [index.html]")
      ->type_name("NAME")
      ->allow_extra_args(false);
  auto* release =
      app.add_option("--release", options.release, "value of the X-Release header [$ROLL_RELEASE, else none]")
          ->type_name("LABEL");
  app.add_option("--access-log", options.access_log,
                 "append a line per request (combined format); - for stdout [none]")
      ->type_name("FILE");
  add_duration(app, "--keep-alive", keep_alive, "close a connection that is idle so long [75s]; 0s: never");
  add_duration(app, "--drain-grace", drain_grace,
               "when draining, close a connection that is idle so long [5s]");
  add_duration(app, "--head-timeout", head_timeout,
               "how long the head of a request may take, first byte to last [10s]; 0s: for ever");
  add_duration(app, "--body-timeout", body_timeout,
               "how long a body may take, and 1s more for each KB that came [10s]; 0s: for ever");
  add_count(app, "--max-connections", options.max_connections,
            "answer more connections with status 503 [10000]; 0: no limit");
  add_count(app, "--max-connections-per-address", options.max_connections_per_address,
            "the same for those from one IPv4 address or IPv6 /64 [0]; not behind a proxy");
  add_duration(app, "--ready-after", ready_after, "listen at once, be ready only after this long [0s]");
  app.add_option("--rate", options.rate, "limit each connection to so many bytes per second [no limit]")
      ->transform(unlisted(CLI::AsSizeValue(false)))
      ->type_name("SIZE");
  app.set_version_flag("--version", "roll-httpd " ROLL_VERSION);
  app.footer(kFooter);

  try {
    app.parse(argc, argv);
    has_release = release->count() > 0;
    if (!has_release) {
      const char* label = std::getenv("ROLL_RELEASE");
      options.release = label == nullptr ? "" : label;
    }
    if (std::string wrong = check_header_value(options.release); !wrong.empty()) {
      throw CLI::ValidationError(has_release ? "--release" : "ROLL_RELEASE", wrong);
    }
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    if (app.exit(error, out, err) == 0) return EarlyExit{0, out.str()};
    return EarlyExit{2, "roll-httpd: " + std::string(error.what()) + "\nTry \"roll-httpd --help\".\n"};
  }
  if (options.listen.empty()) options.listen = {"127.0.0.1:8080"};
  if (options.index.empty()) options.index = {"index.html"};
  options.keep_alive = std::chrono::milliseconds(keep_alive);
  options.drain_grace = std::chrono::milliseconds(drain_grace);
  options.head_timeout = std::chrono::milliseconds(head_timeout);
  options.body_timeout = std::chrono::milliseconds(body_timeout);
  options.ready_after = std::chrono::milliseconds(ready_after);
  return options;
}

}  // namespace roll
