// SPDX-License-Identifier: MIT
#include "load/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>

#include "base/duration.h"

namespace rollctl::load {
namespace {

constexpr int kUsage = 2;

Result<Endpoint> parse_target(const std::string& text) {
  auto address = ListenAddress::parse(text);
  if (!address) return fail(address.error());
  if (address->endpoint.port == 0) return fail(ErrorKind::Invalid, "a target needs a port");
  // ":PORT" and a wildcard are reached over loopback.
  bool any = address->host == ListenAddress::Host::AnyWildcard;
  Endpoint bound = any ? Endpoint{IpAddress::v4(INADDR_ANY), address->endpoint.port} : address->endpoint;
  return address->connect_endpoint(bound);
}

Result<uint64_t> parse_size(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  auto power = std::string_view("KMG").find(unit);
  if (error != std::errc() || value == 0 || value > 1ULL << 30 || unit.size() > 1 ||
      power == std::string_view::npos) {
    return fail(ErrorKind::Invalid, "\"" + std::string(text) + "\" is not a size such as 500K or 20M");
  }
  return unit.empty() ? value : value << (10 * (power + 1));
}

// "\\xHH" becomes that byte: an argument cannot have a zero.
Result<std::string> parse_bytes(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    if (!text.starts_with("\\x")) {
      bytes += text.front();
      text.remove_prefix(1);
      continue;
    }
    unsigned value = 0;
    const auto digits = text.substr(2, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + 2)
      return fail(ErrorKind::Invalid, "\"" + std::string(text) + "\" needs two hexadecimal digits after \\x");
    bytes += static_cast<char>(value);
    text.remove_prefix(4);
  }
  return bytes;
}

// A CLI11 option whose text is read by one of the project's own parsers.
template <typename Parse, typename Store>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, const std::string& help, Parse parse,
                        Store store) {
  auto* option = app.add_option_function<std::vector<std::string>>(
      name,
      [name, parse, store](const std::vector<std::string>& texts) {
        for (const auto& text : texts) {
          auto value = parse(text);
          if (!value) throw CLI::ValidationError(name, value.error().message);
          store(*value);
        }
      },
      help);
  return option->type_size(1)->allow_extra_args(false);
}

constexpr const char* kFooter = R"(
Each client waits for its answer before it sends again, and never retries. Each request ends as answered or as
failed: a connection that could not be opened counts as sent and failed.

On standard input, with --until-stdin-eof, one command a line:
  snapshot    print the counts now, as one line of JSON
  await N     print them once N further requests (not downloads) have come to an end
  stop        send no more, wait for what is outstanding, print the final counts; as does the end of input

SIGINT and SIGTERM stop in the same way; a second one gives up what is outstanding, which then has failed.

Exit status: 0 all that was sent was answered (and something was), each download is complete; 1 otherwise;
2 wrong usage.)";

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
  Options options;
  CLI::App app("Puts a load of closed-loop HTTP clients on a server and keeps books of every loss.",
               "roll-load");
  app.footer(kFooter);
  add_parsed(app, "--target", "HOST:PORT, [V6]:PORT or :PORT; several take turns", parse_target,
             [&](Endpoint target) { options.targets.push_back(target); })
      ->required();
  app.add_option("--connect", options.connect_clients, "Clients that open a connection for each request")
      ->check(CLI::Range(0, 5000));
  app.add_option("--keepalive", options.keepalive_clients, "Clients that keep their connection")
      ->check(CLI::Range(0, 5000));
  app.add_option("--path", options.path, "What they ask for")->capture_default_str();
  add_parsed(app, "--post", "POST a body of that size instead of GET: 100, 64K", parse_size,
             [&](uint64_t size) { options.body = size; });
  add_parsed(app, "--say", "What they send instead of HTTP; \\xHH is a byte", parse_bytes,
             [&](std::string bytes) { options.words = std::move(bytes); });
  add_parsed(app, "--expect", "The answer to that is complete when it has these bytes", parse_bytes,
             [&](std::string bytes) { options.expected_answer = std::move(bytes); });
  auto duration_into = [&](auto& member) { return [&member](Millis value) { member = value; }; };
  add_parsed(app, "--pause", "Before the last byte of each request: the server has begun to read it",
             parse_duration, duration_into(options.pause));
  add_parsed(app, "--think", "Pause of a keep-alive client before its next request", parse_duration,
             duration_into(options.think));
  app.add_option("--download", options.downloads, "A client that downloads this path once; repeatable")
      ->type_size(1)
      ->allow_extra_args(false);
  add_parsed(app, "--download-rate", "Bytes a second that a download reads: 500K, 20M", parse_size,
             [&](uint64_t rate) { options.download_rate = rate; });
  app.add_option("--expect-sha256", options.expected_sha256, "A download with another checksum has failed");
  app.add_flag("--repeat-downloads", options.repeat_downloads, "Begin each download again until the end");
  add_parsed(app, "--duration", "Stop after this time", parse_duration, duration_into(options.duration));
  app.add_option("--requests", options.requests, "Stop after that many requests, downloads not counted");
  app.add_flag("--until-stdin-eof", options.reads_stdin, "Read commands, stop at the end of the input");
  add_parsed(app, "--timeout", "Of a request; of a download, without a byte (30s)", parse_duration,
             duration_into(options.timeout));
  app.add_option("--source-addresses", options.source_addresses, "Come from 127.0.0.1 to 127.0.0.N")
      ->check(CLI::Range(1, 254))
      ->capture_default_str();
  add_parsed(app, "--report-every", "Print the counts as JSON this often", parse_duration,
             duration_into(options.report_every));
  app.add_flag("--json", options.json, "Print the final counts as JSON");
  try {
    app.parse(argc, argv);
    bool has_clients = options.connect_clients + options.keepalive_clients > 0;
    bool has_end = options.duration || options.requests || options.reads_stdin;
    if (!has_clients && options.downloads.empty()) {
      throw CLI::ValidationError("nothing to do", "name --connect, --keepalive or --download");
    }
    if (!has_end && (has_clients || options.repeat_downloads)) {
      throw CLI::ValidationError("no end", "name --duration, --requests or --until-stdin-eof");
    }
    if (options.words.empty() != options.expected_answer.empty()) {
      throw CLI::ValidationError("--say", "goes with --expect");
    }
    if (!options.words.empty() && !options.downloads.empty()) {
      throw CLI::ValidationError("--say", "has no downloads");
    }
    if (!options.path.starts_with('/')) throw CLI::ValidationError("--path", "begins with /");
    if (options.report_every && *options.report_every < Millis(1)) {
      throw CLI::ValidationError("--report-every", "is at least 1ms");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : kUsage;
  }
  return options;
}

}  // namespace rollctl::load
