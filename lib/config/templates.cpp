// SPDX-License-Identifier: MIT
#include "config/templates.h"

namespace rollctl {

void visit_templates(const AppConfig& config, const TemplateVisitor& visit) {
  const auto visit_all = [&visit](const std::string& key, const std::vector<std::string>& texts,
                                  TemplateScope scope) {
    for (const auto& text : texts) visit(key, text, scope);
  };
  visit_all("command", config.command, TemplateScope::Instance);
  visit("workdir", config.workdir, TemplateScope::Instance);
  for (const auto& [name, text] : config.env) visit("env." + name, text, TemplateScope::Instance);
  visit("env_file", config.env_file, TemplateScope::Instance);
  visit("ready.path", config.ready.path, TemplateScope::Instance);
  visit("ready.host", config.ready.host, TemplateScope::Instance);
  for (const auto& [name, text] : config.ready.headers)
    visit("ready.headers." + name, text, TemplateScope::Instance);
  visit("ready.ca", config.ready.ca, TemplateScope::Instance);
  visit("ready.address", config.ready.address, TemplateScope::Instance);
  visit_all("ready.command", config.ready.command, TemplateScope::Instance);
  for (const auto& [key, member] : kHooks) {
    const HookConfig& hook = config.hooks.*member;
    visit_all(key, hook.command, TemplateScope::Hook);
    visit(key, hook.workdir, TemplateScope::Hook);
  }
}

Placeholders hook_placeholders(const TemplateNames& names, const AppConfig& config) {
  Placeholders placeholders;
  placeholders.set("app", names.app);
  placeholders.set("release", names.release);
  placeholders.set("generation", std::to_string(names.generation));
  placeholders.set_addresses(config.listen);
  for (const char* name : {"instance", "run_dir", "probe_port"})
    placeholders.refuse(name, "differs for each instance, but a hook runs once for all");
  return placeholders;
}

Placeholders sample_placeholders(const AppConfig& config, TemplateScope scope) {
  auto placeholders = hook_placeholders({"app", "release", 1}, config);
  if (scope == TemplateScope::Hook) return placeholders;
  placeholders.set("instance", "1");
  placeholders.set("run_dir", "/run/rollctl/app/1/server");
  placeholders.set("probe_port", "1");
  return placeholders;
}

}  // namespace rollctl
