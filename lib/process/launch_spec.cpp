// SPDX-License-Identifier: MIT
#include "process/launch_spec.h"

#include <utility>

#include "process/json_reader.h"

namespace rollctl {

using nlohmann::json;

namespace {

constexpr std::pair<RestartPolicy, const char*> kPolicies[] = {
    {RestartPolicy::Always, "always"},
    {RestartPolicy::OnFailure, "on-failure"},
    {RestartPolicy::Never, "never"},
};

const char* policy_name(RestartPolicy policy) {
  for (const auto& [value, name] : kPolicies) {
    if (value == policy) return name;
  }
  return "never";
}

void read_policy(JsonReader& reader, RestartPolicy& policy) {
  std::string text;
  reader.get("restart", text);
  if (text.empty()) return;
  for (const auto& [value, name] : kPolicies) {
    if (text == name) {
      policy = value;
      return;
    }
  }
  reader.complain("restart", "always, on-failure or never");
}

void read_gate(JsonReader& reader, LaunchSpec::Gate& gate) {
  std::string text;
  reader.get("gate", text);
  if (text == "closed") {
    gate = LaunchSpec::Gate::Closed;
  } else if (!text.empty() && text != "open") {
    reader.complain("gate", "open or closed");
  }
}

void read_sockets(JsonReader& reader, LaunchSpec::Sockets& sockets) {
  std::string text;
  reader.get("sockets", text);
  if (text == "inherited") {
    sockets = LaunchSpec::Sockets::Inherited;
  } else if (!text.empty() && text != "own") {
    reader.complain("sockets", "own or inherited");
  }
}

Status read_credentials(const JsonReader& reader, std::optional<Credentials>& target) {
  const json* member = reader.find("credentials");
  if (member == nullptr) return {};
  JsonReader fields(*member, "launch spec: credentials");
  // The default is 0, root: a missing uid must not mean root.
  if (fields.find("uid") == nullptr) fields.complain("uid", "a whole number in range");
  if (fields.find("gid") == nullptr) fields.complain("gid", "a whole number in range");
  Credentials credentials;
  fields.get("uid", credentials.uid);
  fields.get("gid", credentials.gid);
  fields.get("groups", credentials.groups);
  target = std::move(credentials);
  return fields.status();
}

Status read_unit(const JsonReader& reader, std::optional<UnitSpec>& target) {
  const json* member = reader.find("unit");
  if (member == nullptr) return {};
  const json* properties = JsonReader(*member, "launch spec: unit").find("properties");
  UnitSpec unit;
  if (properties != nullptr && properties->is_object()) {
    JsonReader values(*properties, "launch spec: unit properties");
    for (const auto& [name, value] : properties->items()) values.get(name.c_str(), unit.properties[name]);
    if (Status read = values.status(); !read) return read;
  }
  target = std::move(unit);
  return {};
}

Status read_listen(JsonReader& reader, std::vector<ListenAddress>& target) {
  std::vector<std::string> texts;
  reader.get("listen", texts);
  for (const auto& text : texts) {
    auto address = ListenAddress::parse(text);
    if (!address) return fail(address.error());
    target.push_back(std::move(*address));
  }
  return {};
}

}  // namespace

void read_drain_scope(JsonReader& reader, const char* name, DrainScope& target) {
  std::string scope;
  reader.get(name, scope);
  target = scope == "all" ? DrainScope::All : DrainScope::Main;
}

json to_json(const LaunchSpec& spec) {
  json listen = json::array();
  for (const auto& address : spec.listen) listen.push_back(address.text);
  json result{
      {"v", 1},
      {"app", spec.app},
      {"release", spec.release},
      {"generation", spec.generation},
      {"instance", spec.instance},
      {"argv", bytes_to_json(spec.argv)},
      {"env", bytes_to_json(spec.env)},
      {"workdir", bytes_to_json(spec.workdir)},
      {"listen", std::move(listen)},
      {"run_dir", bytes_to_json(spec.run_dir)},
      {"log_path", bytes_to_json(spec.log_path)},
      {"journal_path", bytes_to_json(spec.journal_path)},
      {"gate", spec.gate == LaunchSpec::Gate::Closed ? "closed" : "open"},
      {"sockets", spec.sockets == LaunchSpec::Sockets::Inherited ? "inherited" : "own"},
      {"drain_signal", spec.drain_signal},
      {"drain_deadline_ms", spec.drain_deadline.count()},
      {"restart", policy_name(spec.restart)},
      {"backoff_ms", spec.backoff.count()},
      {"max_backoff_ms", spec.max_backoff.count()},
      {"give_up", spec.give_up},
  };
  if (spec.credentials) {
    result["credentials"] = {
        {"uid", spec.credentials->uid}, {"gid", spec.credentials->gid}, {"groups", spec.credentials->groups}};
  }
  if (spec.nofile) result["nofile"] = *spec.nofile;
  if (spec.drain_scope == DrainScope::All) result["drain_scope"] = "all";
  if (spec.unit) {
    json properties = json::object();
    for (const auto& [name, value] : spec.unit->properties) properties[name] = bytes_to_json(value);
    result["unit"] = {{"properties", std::move(properties)}};
  }
  return result;
}

Result<LaunchSpec> launch_spec_from_json(const json& value) {
  JsonReader reader(value, "launch spec");
  LaunchSpec spec;
  reader.get("app", spec.app);
  reader.get("release", spec.release);
  reader.get("generation", spec.generation);
  reader.get("instance", spec.instance);
  reader.get("argv", spec.argv);
  reader.get("env", spec.env);
  reader.get("workdir", spec.workdir);
  reader.get("run_dir", spec.run_dir);
  reader.get("log_path", spec.log_path);
  reader.get("journal_path", spec.journal_path);
  reader.get("drain_signal", spec.drain_signal);
  reader.get("drain_deadline_ms", spec.drain_deadline);
  reader.get("backoff_ms", spec.backoff);
  reader.get("max_backoff_ms", spec.max_backoff);
  reader.get("give_up", spec.give_up);
  read_drain_scope(reader, "drain_scope", spec.drain_scope);
  read_gate(reader, spec.gate);
  read_sockets(reader, spec.sockets);
  read_policy(reader, spec.restart);
  if (reader.find("nofile") != nullptr) {
    uint64_t nofile = 0;
    reader.get("nofile", nofile);
    spec.nofile = nofile;
  }
  if (Status read = read_unit(reader, spec.unit); !read) return fail(read.error());
  if (Status read = read_listen(reader, spec.listen); !read) return fail(read.error());
  if (Status read = read_credentials(reader, spec.credentials); !read) return fail(read.error());
  if (Status read = reader.status(); !read) return fail(read.error());
  return spec;
}

}  // namespace rollctl
