// SPDX-License-Identifier: MIT
#include "config/launch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "config/app_rules.h"
#include "config/env_file.h"
#include "config/environment.h"
#include "config/templates.h"
#include "config/users.h"
#include "probe/connector.h"

namespace rollctl {

namespace {

std::string server_folder(const InstancePlace& place) {
  return place.run_dir + "/" + kServerFolder;
}

TemplateNames names_of(const GenerationSpec& spec) {
  return {spec.app, spec.release, spec.generation};
}

Placeholders instance_placeholders(const GenerationSpec& spec, const InstancePlace& place) {
  auto placeholders = hook_placeholders(names_of(spec), spec.config);
  placeholders.set("instance", std::to_string(place.instance));
  placeholders.set("run_dir", server_folder(place));
  // Not "0": a server would bind a random port.
  if (place.probe_port != 0)
    placeholders.set("probe_port", std::to_string(place.probe_port));
  else
    placeholders.refuse("probe_port", "has no reserved port");
  return placeholders;
}

void set_names(Environment& environment, const GenerationSpec& spec) {
  environment["ROLL_APP"] = spec.app;
  environment["ROLL_RELEASE"] = spec.release;
  environment["ROLL_GENERATION"] = std::to_string(spec.generation);
}

// Prefixes the message: "web.toml: KEY: …".
Error at(const GenerationSpec& spec, const std::string& key, Error error) {
  return with_context(std::move(error), (spec.config.source.empty() ? "" : spec.config.source + ": ") + key);
}

// The surroundings that a server and its exec probe share.
struct Surroundings {
  ServerUser user;
  std::string workdir;
  std::vector<std::string> env;
};

// Which variables of `env` are wanted.
enum class Variables { All, OfAllInstances };

bool is_of_one_instance(const std::string& text) {
  return std::ranges::any_of(std::array{"instance", "run_dir", "probe_port"},
                             [&](const char* name) { return mentions_placeholder(text, name); });
}

Result<Environment> env_file_of(const GenerationSpec& spec, const Placeholders& placeholders,
                                Variables variables) {
  if (spec.env_file) return *spec.env_file;
  if (variables == Variables::OfAllInstances && is_of_one_instance(spec.config.env_file))
    return Environment{};
  const auto path = placeholders.expand(spec.config.env_file);
  if (!path) return fail(at(spec, "env_file", path.error()));
  if (path->empty()) return Environment{};
  const auto text = read_env_file(*path);
  if (!text) return fail(at(spec, "env_file", text.error()));
  auto parsed = parse_env_file(*text, *path);
  if (!parsed) return fail(at(spec, "env_file", parsed.error()));
  return parsed;
}

Result<Environment> configured_environment(const GenerationSpec& spec, const Placeholders& placeholders,
                                           Variables variables) {
  auto of_file = env_file_of(spec, placeholders, variables);
  if (!of_file) return fail(of_file.error());
  Environment environment = std::move(*of_file);
  for (const auto& [name, text] : spec.config.env) {
    if (variables == Variables::OfAllInstances && is_of_one_instance(text)) continue;
    auto value = placeholders.expand(text);
    if (!value) return fail(at(spec, "env." + name, value.error()));
    environment.insert_or_assign(name, std::move(*value));
  }
  return environment;
}

Result<Environment> release_environment(const GenerationSpec& spec, const ServerUser& user,
                                        const Placeholders& placeholders, Variables variables) {
  auto configured = configured_environment(spec, placeholders, variables);
  if (!configured) return fail(configured.error());
  Environment environment{
      {"PATH", clean_search_path(spec.config.caller_path)}, {"HOME", user.home}, {"USER", user.name}};
  if (!spec.config.caller_lang.empty()) environment["LANG"] = spec.config.caller_lang;
  for (auto& [name, value] : *configured) environment.insert_or_assign(name, std::move(value));
  set_names(environment, spec);
  return environment;
}

// Without ROLL_* that rollctl inherited where a server started it: they describe another deploy.
Environment own_environment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || text.starts_with("ROLL_")) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

Result<Surroundings> surroundings_of(const GenerationSpec& spec, const InstancePlace& place,
                                     const Placeholders& placeholders) {
  Surroundings result;
  auto user = find_server_user(spec.config.user, spec.config.group);
  if (!user)
    return fail(spec.config.source.empty() ? user.error() : with_context(user.error(), spec.config.source));
  result.user = std::move(*user);
  auto workdir = placeholders.expand(spec.config.workdir);
  if (!workdir) return fail(at(spec, "workdir", workdir.error()));
  result.workdir = std::move(*workdir);

  auto of_release = release_environment(spec, result.user, placeholders, Variables::All);
  if (!of_release) return fail(of_release.error());
  Environment environment = std::move(*of_release);
  environment["ROLL_INSTANCE"] = std::to_string(place.instance);
  environment["ROLL_RUN_DIR"] = server_folder(place);
  result.env = environment_list(environment);
  return result;
}

// First in LD_PRELOAD, before libraries of the configuration. Programs that the server executes inherit it.
void preload(const std::string& library, const AppConfig& config, std::vector<std::string>& env) {
  constexpr std::string_view kVariable = "LD_PRELOAD=";
  const auto own = std::find_if(env.begin(), env.end(),
                                [&](const std::string& entry) { return entry.starts_with(kVariable); });
  if (own == env.end()) {
    env.push_back(std::string(kVariable) + library);
  } else {
    const std::string more = own->substr(kVariable.size());
    *own = std::string(kVariable) + library + (more.empty() ? "" : ":" + more);
  }
  std::string ports;
  for (const auto& address : config.listen)
    ports += (ports.empty() ? "" : ",") + std::to_string(address.endpoint.port);
  env.push_back("ROLL_PRELOAD_PORTS=" + ports);
}

std::string listen_text(const AppConfig& config) {
  std::string text;
  for (const auto& address : config.listen) text += (text.empty() ? "" : ", ") + address.text;
  return text;
}

}  // namespace

bool needs_probe_port(const AppConfig& config) {
  bool needed = false;
  visit_templates(config, [&needed](const std::string&, const std::string& text, TemplateScope scope) {
    needed = needed || (scope == TemplateScope::Instance && mentions_placeholder(text, "probe_port"));
  });
  return needed;
}

Result<LaunchSpec> make_launch_spec(const GenerationSpec& spec, const InstancePlace& place) {
  const auto placeholders = instance_placeholders(spec, place);
  auto argv = placeholders.expand(spec.config.command);
  if (!argv) return fail(at(spec, "command", argv.error()));
  auto surroundings = surroundings_of(spec, place, placeholders);
  if (!surroundings) return fail(surroundings.error());

  if (spec.config.socket == SocketMode::Preload)
    preload(place.preload_library, spec.config, surroundings->env);

  LaunchSpec launch;
  launch.app = spec.app;
  launch.release = spec.release;
  launch.generation = spec.generation;
  launch.instance = place.instance;
  launch.argv = std::move(*argv);
  launch.env = std::move(surroundings->env);
  launch.workdir = std::move(surroundings->workdir);
  launch.credentials = std::move(surroundings->user.credentials);
  launch.nofile = spec.config.nofile;
  launch.listen = spec.config.listen;
  if (spec.config.socket == SocketMode::Inherit) launch.sockets = LaunchSpec::Sockets::Inherited;
  launch.run_dir = place.run_dir;
  launch.unit = place.unit;
  if (!launch.unit) launch.log_path = place.log_path;
  launch.journal_path = place.journal_path;
  launch.drain_signal = spec.config.drain.signal;
  launch.drain_scope = spec.config.drain.scope;
  launch.drain_deadline = spec.config.drain.deadline;
  launch.restart = spec.config.restart.policy;
  launch.backoff = spec.config.restart.backoff;
  launch.max_backoff = spec.config.restart.max_backoff;
  launch.give_up = spec.config.restart.give_up;
  return launch;
}

Result<ProbeSpec> make_probe_spec(const GenerationSpec& spec, const InstancePlace& place) {
  const auto& ready = spec.config.ready;
  const auto placeholders = instance_placeholders(spec, place);
  ProbeSpec probe;
  probe.kind = ready.kind;
  probe.interval = ready.interval;
  probe.timeout = ready.timeout;
  probe.successes = ready.successes;
  probe.failures = ready.failures;
  probe.listen = listen_text(spec.config);

  auto path = placeholders.expand(ready.path);
  if (!path) return fail(at(spec, "ready.path", path.error()));
  // Checked again: --ready may have replaced the path of the app file.
  if (auto status = check_request_path(*path); !status) return fail(at(spec, "ready.path", status.error()));
  probe.path = std::move(*path);
  auto host = placeholders.expand(ready.host);
  if (!host) return fail(at(spec, "ready.host", host.error()));
  if (auto status = check_host(*host); !status) return fail(at(spec, "ready.host", status.error()));
  probe.host = std::move(*host);
  for (const auto& [name, text] : ready.headers) {
    const auto value = placeholders.expand(text);
    if (!value) return fail(at(spec, "ready.headers." + name, value.error()));
    if (auto status = check_header_value(*value); !status)
      return fail(at(spec, "ready.headers." + name, status.error()));
    probe.headers.push_back(name + ": " + *value);
  }
  probe.statuses = ready.status;
  auto ca = placeholders.expand(ready.ca);
  if (!ca) return fail(at(spec, "ready.ca", ca.error()));
  if (!ca->empty() && ::access(ca->c_str(), R_OK) != 0)
    return fail(at(spec, "ready.ca", last_os_failure("cannot read " + *ca)));
  probe.ca_file = std::move(*ca);
  auto address = placeholders.expand(ready.address);
  if (!address) return fail(at(spec, "ready.address", address.error()));
  if (!address->empty())
    if (const auto parsed = ProbeAddress::parse(*address); !parsed)
      return fail(at(spec, "ready.address", parsed.error()));
  probe.address = std::move(*address);
  // The address is unique to this instance, so only this instance may answer.
  if (mentions_placeholder(ready.address, "probe_port") || mentions_placeholder(ready.address, "run_dir"))
    probe.answers = ProbeSpec::Answers::OfTheInstance;
  // Inherited sockets take connections before the server runs, so it must accept one.
  const bool asks_the_kernel = ready.kind == ProbeKind::Listen || ready.kind == ProbeKind::Tcp;
  if (spec.config.socket == SocketMode::Inherit && asks_the_kernel && probe.address.empty()) {
    probe.kind = ProbeKind::Tcp;
    probe.accepted = ProbeSpec::Accepted::ByServer;
  }
  if (ready.kind != ProbeKind::Exec) return probe;

  auto command = placeholders.expand(ready.command);
  if (!command) return fail(at(spec, "ready.command", command.error()));
  probe.command = std::move(*command);
  probe.own_port = place.probe_port;
  auto surroundings = surroundings_of(spec, place, placeholders);
  if (!surroundings) return fail(surroundings.error());
  probe.env = std::move(surroundings->env);
  probe.workdir = std::move(surroundings->workdir);
  probe.credentials = std::move(surroundings->user.credentials);
  return probe;
}

Result<OnceLaunch> make_once_launch(const GenerationSpec& spec, std::vector<std::string> argv) {
  const Placeholders placeholders = hook_placeholders(names_of(spec), spec.config);
  OnceLaunch launch;
  launch.argv = std::move(argv);
  auto user = find_server_user(spec.config.user, spec.config.group);
  if (!user) return fail(at(spec, "user", user.error()));
  auto workdir = placeholders.expand(spec.config.workdir);
  if (!workdir) return fail(at(spec, "workdir", workdir.error()));
  launch.workdir = std::move(*workdir);
  auto environment = release_environment(spec, *user, placeholders, Variables::OfAllInstances);
  if (!environment) return fail(environment.error());
  launch.env = environment_list(*environment);
  launch.credentials = std::move(user->credentials);
  return launch;
}

Result<OnceLaunch> make_hook_launch(const GenerationSpec& spec, const HookConfig& hook,
                                    const Environment& told) {
  const Placeholders placeholders = hook_placeholders(names_of(spec), spec.config);
  OnceLaunch launch;
  auto argv = placeholders.expand(hook.command);
  if (!argv) return fail(at(spec, "hooks", argv.error()));
  launch.argv = std::move(*argv);
  auto workdir = placeholders.expand(hook.workdir);
  if (!workdir) return fail(at(spec, "hooks", workdir.error()));
  launch.workdir = std::move(*workdir);

  Environment environment = own_environment();
  if (!hook.run_as.empty() || hook.env == HookConfig::Env::Release) {
    auto user = find_server_user(hook.run_as, {});
    if (!user) return fail(at(spec, "hooks", user.error()));
    if (hook.env == HookConfig::Env::Release) {
      auto of_release = release_environment(spec, *user, placeholders, Variables::OfAllInstances);
      if (!of_release) return fail(of_release.error());
      environment = std::move(*of_release);
    }
    environment["HOME"] = user->home;
    environment["USER"] = environment["LOGNAME"] = user->name;
    launch.credentials = std::move(user->credentials);
  }
  set_names(environment, spec);
  for (const auto& [name, value] : told) environment[name] = value;
  launch.env = environment_list(environment);
  return launch;
}

}  // namespace rollctl
