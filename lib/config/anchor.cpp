// SPDX-License-Identifier: MIT
#include "config/anchor.h"

#include <string_view>

#include "config/placeholders.h"

namespace rollctl {

namespace {

bool is_absolute(std::string_view path) {
  return path.starts_with('/') || path.starts_with("{run_dir}");
}

void anchor(std::string& path, const std::string& folder) {
  if (path.empty() || is_absolute(path)) return;
  std::string_view rest = path;
  while (rest.starts_with("./")) rest.remove_prefix(2);
  std::string anchored = without_placeholders(folder);
  if (rest != ".") anchored.append("/").append(rest);
  path = std::move(anchored);
}

void anchor_program(std::vector<std::string>& argv, const std::string& folder) {
  if (!argv.empty() && argv.front().find('/') != std::string::npos) anchor(argv.front(), folder);
}

}  // namespace

void anchor_paths(AppConfig& config, const std::string& folder) {
  anchor(config.workdir, folder);
  anchor(config.env_file, folder);
  anchor(config.ready.ca, folder);
  for (const auto& [key, member] : kHooks) {
    HookConfig& hook = config.hooks.*member;
    anchor(hook.workdir, folder);
    if (hook.workdir.empty()) anchor_program(hook.command, folder);
  }
  if (!config.workdir.empty()) return;
  anchor_program(config.command, folder);
  anchor_program(config.ready.command, folder);
}

}  // namespace rollctl
