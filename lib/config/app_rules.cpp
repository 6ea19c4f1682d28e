// SPDX-License-Identifier: MIT
#include "config/app_rules.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/duration.h"
#include "config/templates.h"
#include "config/unit_properties.h"
#include "probe/connector.h"

namespace rollctl {

namespace {

using Breach = std::optional<RuleBreach>;

Breach breach(std::string key, std::string message, std::string hint = {}) {
  return RuleBreach{std::move(key), Error{ErrorKind::Invalid, 0, std::move(message), std::move(hint)}};
}

Breach check_command(const AppConfig& config) {
  if (config.command.empty() || config.command.front().empty())
    return breach("command", "is missing: the program to start",
                  "command = [\"/srv/web/{release}/bin/web\", \"--listen\", \"{listen}\"]");
  return std::nullopt;
}

Breach check_listen(const AppConfig& config) {
  if (config.listen.empty())
    return breach("listen", "is missing: the addresses that all instances listen on",
                  "listen = [\"0.0.0.0:8080\"]");
  for (auto one = config.listen.begin(); one != config.listen.end(); ++one) {
    for (auto other = config.listen.begin(); other != one; ++other) {
      const bool wild =
          one->host == ListenAddress::Host::AnyWildcard || other->host == ListenAddress::Host::AnyWildcard;
      if (*one == *other || (wild && one->endpoint.port == other->endpoint.port))
        return breach("listen",
                      fmt::format("has the same port twice: '{}' and '{}'", other->text, one->text));
    }
  }
  return std::nullopt;
}

Status check_header_name(const std::string& name) {
  const bool is_token = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (!is_token) return fail(ErrorKind::Invalid, fmt::format("'{}' is not the name of a header", name));
  if (::strcasecmp(name.c_str(), "host") == 0)
    return fail(ErrorKind::Invalid, "is set by ready.host", "host = \"www.example.org\"");
  for (const char* ours : {"connection", "content-length", "transfer-encoding", "expect", "upgrade"})
    if (::strcasecmp(name.c_str(), ours) == 0)
      return fail(ErrorKind::Invalid, "would change how the request ends, which is for rollctl to say");
  return {};
}

Breach check_ready(const ReadyConfig& ready) {
  const bool http = ready.kind == ProbeKind::Http || ready.kind == ProbeKind::Https;
  if (ready.kind == ProbeKind::Exec && ready.command.empty())
    return breach("ready.command", "is missing: kind = \"exec\" needs it");
  if (!ready.command.empty() && (ready.kind != ProbeKind::Exec || ready.command.front().empty()))
    return breach("ready.command",
                  fmt::format("has no effect with kind = \"{}\"", probe_kind_name(ready.kind)),
                  "set kind = \"exec\" to probe with a command");
  if (ready.path != "/" && !http)
    return breach("ready.path", fmt::format("has no effect with kind = \"{}\"", probe_kind_name(ready.kind)),
                  "set kind = \"http\" to probe with an HTTP request");
  const std::pair<const char*, bool> requests[] = {{"ready.host", !ready.host.empty()},
                                                   {"ready.headers", !ready.headers.empty()},
                                                   {"ready.status", ready.status != HttpStatuses()}};
  for (const auto& [key, is_set] : requests)
    if (is_set && !http)
      return breach(key, fmt::format("has no effect with kind = \"{}\"", probe_kind_name(ready.kind)),
                    "set kind = \"http\" to probe with an HTTP request");
  if (!ready.ca.empty() && ready.kind != ProbeKind::Https)
    return breach("ready.ca", fmt::format("has no effect with kind = \"{}\"", probe_kind_name(ready.kind)),
                  "set kind = \"https\" to verify the server's certificate");
  for (const auto& [name, text] : ready.headers)
    if (auto status = check_header_name(name); !status)
      return RuleBreach{"ready.headers." + name, status.error()};
  if (!ready.address.empty() && !http && ready.kind != ProbeKind::Tcp)
    return breach("ready.address",
                  fmt::format("has no effect with kind = \"{}\"", probe_kind_name(ready.kind)),
                  "set kind = \"http\" or \"tcp\" to probe this address");
  return std::nullopt;
}

// The server needs the second half of the time to end.
Breach check_drain(const DrainConfig& drain) {
  if (drain.http == HttpDrain::Keep && drain.http_silence != DrainConfig().http_silence)
    return breach("drain.http_silence", "has no effect with http = \"keep\"",
                  "set http = \"close\" to ask the clients of kept-alive connections to leave");
  if (drain.http != HttpDrain::Keep && drain.http_silence * 2 > drain.deadline)
    return breach("drain.http_silence", "is more than half of deadline",
                  fmt::format("set deadline to at least {}", format_duration(drain.http_silence * 2)));
  return std::nullopt;
}

Breach check_rest(const AppConfig& config) {
  if (config.restart.max_backoff < config.restart.backoff)
    return breach("restart.max_backoff", "is less than backoff");
  for (const auto& [name, text] : config.env)
    if (auto status = check_env_name(name); !status) return RuleBreach{"env." + name, status.error()};
  if (config.launcher == LauncherKind::Direct && !config.systemd.empty())
    return breach("systemd", "has no effect with launcher = \"direct\"");
  for (const auto& [name, value] : config.systemd)
    if (auto status = check_unit_property(name); !status)
      return RuleBreach{"systemd." + name, status.error()};
  return std::nullopt;
}

Breach check_expanded(const std::string& key, const std::string& text) {
  if (key == "ready.path")
    if (auto status = check_request_path(text); !status) return RuleBreach{key, status.error()};
  if (key == "ready.host" && !text.empty())
    if (auto status = check_host(text); !status) return RuleBreach{key, status.error()};
  if (key.starts_with("ready.headers."))
    if (auto status = check_header_value(text); !status) return RuleBreach{key, status.error()};
  if (key == "workdir" && !text.empty() && !text.starts_with('/'))
    return breach(key, "is not an absolute path");
  if (key != "ready.address" || text.empty()) return std::nullopt;
  if (const auto address = ProbeAddress::parse(text); !address) return RuleBreach{key, address.error()};
  return std::nullopt;
}

Breach check_templates(const AppConfig& config) {
  Breach found;
  const auto for_instance = sample_placeholders(config, TemplateScope::Instance);
  const auto for_hook = sample_placeholders(config, TemplateScope::Hook);
  visit_templates(config, [&](const std::string& key, const std::string& text, TemplateScope scope) {
    if (found) return;
    // exec would cut the argument at the NUL.
    if (text.find('\0') != std::string::npos) found = breach(key, "contains a NUL character");
    if (found) return;
    const auto expanded = (scope == TemplateScope::Hook ? for_hook : for_instance).expand(text);
    if (!expanded)
      found = RuleBreach{key, expanded.error()};
    else
      found = check_expanded(key, *expanded);
  });
  return found;
}

}  // namespace

Status check_env_name(const std::string& name) {
  const bool plain =
      !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > ' ' && c != '=' && c != 0x7f; });
  if (!plain) return fail(ErrorKind::Invalid, fmt::format("invalid environment variable name '{}'", name));
  for (const char* ours : {"ROLL_", "LISTEN_FD", "LISTEN_PID", "NOTIFY_SOCKET", "WATCHDOG_"})
    if (name.starts_with(ours)) return fail(ErrorKind::Invalid, fmt::format("{} is set by rollctl", name));
  return {};
}

Status check_request_path(const std::string& path) {
  const bool odd =
      std::any_of(path.begin(), path.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; });
  if (path.starts_with('/') && !odd) return {};
  return fail(ErrorKind::Invalid, "must start with \"/\" and contain no blanks", "write %20 for a blank");
}

Status check_host(const std::string& host) {
  const bool odd = std::ranges::any_of(host, [](unsigned char c) {
    return c <= ' ' || c >= 0x7f ||
           std::string_view("/\\@?#\"<>").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (!odd) return {};
  return fail(ErrorKind::Invalid, fmt::format("'{}' is not the name of a host", host),
              "a name such as \"www.example.org\", with a port where the server wants one");
}

Status check_header_value(const std::string& value) {
  const bool odd =
      std::ranges::any_of(value, [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; });
  if (!odd) return {};
  return fail(ErrorKind::Invalid, "has a control character in it");
}

Status check_canary_steps(const std::vector<double>& canary, Millis bake) {
  if (canary.size() <= 1 || bake > Millis(0)) return {};
  return fail(ErrorKind::Invalid, "has several steps, but no time between them",
              "set bake in [rollout], or --bake 5m");
}

std::optional<RuleBreach> find_breach(const AppConfig& config) {
  if (auto found = check_command(config)) return found;
  if (auto found = check_listen(config)) return found;
  if (auto found = check_ready(config.ready)) return found;
  if (auto found = check_drain(config.drain)) return found;
  if (auto found = check_rest(config)) return found;
  if (auto steps = check_canary_steps(config.rollout.canary, config.rollout.bake); !steps)
    return RuleBreach{"rollout.canary", steps.error()};
  return check_templates(config);
}

}  // namespace rollctl
