// SPDX-License-Identifier: MIT
#include "app/app_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/atomic_file.h"
#include "base/own_file.h"
#include "config/anchor.h"
#include "config/app_file.h"
#include "config/app_file_writer.h"
#include "config/app_rules.h"
#include "config/nearest.h"
#include "state/generations.h"
#include "state/journal_reader.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

// ENOENT and ENOTDIR mean false; any other failure is an error.
Result<bool> exists(const std::string& path) {
  std::error_code failure;
  const bool there = fs::exists(path, failure);
  if (failure) return fail(os_failure("cannot look for " + path, failure.value()));
  return there;
}

// It was deployed by the path of its app file, or that file is gone.
std::string path_hint(const Paths& paths, const AppName& app) {
  const auto history = read_history(paths.journal(app.name), Reach::state());
  if (history && history->current)
    if (const auto spec = load_generation(paths, app.name, *history->current);
        spec && fs::path(spec->config.source).is_absolute() && spec->config.source != app.file)
      return fmt::format("it was deployed from {0}: name that path in place of {1}", spec->config.source,
                         app.name);
  return fmt::format("write {}, or name the path of its app file", app.file);
}

Error no_such_app(const Paths& paths, const AppName& app) {
  const std::vector<std::string> known = known_apps(paths).value_or(std::vector<std::string>());
  std::string hint =
      fmt::format("write {}, or deploy without an app file: rollctl deploy {} --listen :8080 -- COMMAND",
                  app.file, app.name);
  if (std::ranges::find(known, app.name) != known.end())
    return {ErrorKind::NotFound, 0, fmt::format("{} has no app file: {} does not exist", app.name, app.file),
            path_hint(paths, app)};
  if (const std::string near = nearest(app.name, known); !near.empty() && edit_distance(app.name, near) <= 2)
    hint = fmt::format("did you mean {}?", near);
  return {ErrorKind::NotFound, 0, fmt::format("no such app '{}': {} does not exist", app.name, app.file),
          hint};
}

void apply_options(const AppOptions& options, AppConfig& config) {
  if (!options.listen.empty()) config.listen = options.listen;
  if (options.handover) config.handover = *options.handover;
  if (options.ready) {
    config.ready.kind = options.ready->kind;
    config.ready.path = options.ready->path;
  }
}

Result<AppConfig> adhoc_config(const AppOptions& options) {
  AppConfig config;
  config.command = options.command;
  apply_options(options, config);
  if (options.instances) config.instances = *options.instances;
  if (config.listen.empty())
    return fail(ErrorKind::Invalid,
                "an app without an app file needs --listen, the address on which its server listens",
                "rollctl deploy APP --listen :8080 -- COMMAND");
  std::error_code failure;
  const std::string here = fs::current_path(failure).string();
  if (failure) return fail(os_failure("cannot find the current folder", failure.value()));
  config.workdir = ".";  // where the command was typed
  anchor_paths(config, here);
  return config;
}

}  // namespace

Result<AppName> app_name_of(const Paths& paths, const std::string& argument) {
  AppName app;
  if (argument.find('/') == std::string::npos) {
    app = {argument, paths.app_file(argument), false};
  } else {
    std::error_code failure;
    app = {fs::path(argument).stem().string(), fs::absolute(argument, failure).lexically_normal().string(),
           true};
  }
  if (Status named = check_app_name(app.name); !named) return fail(named.error());
  return app;
}

Result<AppDescription> describe_app(const Paths& paths, const AppName& app, const AppOptions& options) {
  const auto file = exists(app.file);
  if (!file) return fail(file.error());
  const bool has_file = *file;
  if (!options.command.empty()) {
    if (has_file)
      return fail(
          ErrorKind::Invalid,
          fmt::format("{} already has an app file, {}: it cannot also take a command", app.name, app.file),
          "omit `-- COMMAND`, or use another app name");
    auto config = adhoc_config(options);
    if (!config) return fail(config.error());
    // Written and parsed, so that all checks of an app file apply.
    config = parse_app_file(write_app_file(*config), "the command line");
    if (!config) return fail(config.error());
    return AppDescription{std::move(*config), AppDescription::Origin::AdHoc};
  }
  const std::string kept = paths.adhoc_app_file(app.name);
  const auto is_kept = has_file ? Result<bool>(false) : exists(kept);
  if (!is_kept) return fail(is_kept.error());
  if (!has_file && !*is_kept) return fail(no_such_app(paths, app));
  if (!has_file)
    if (Status own = check_own_folder(paths.state(app.name)); !own) return fail(own.error());
  auto config = read_app_file(has_file ? app.file : kept);
  if (!config) return fail(config.error());
  apply_options(options, *config);
  if (const auto breach = find_breach(*config)) return fail(with_context(breach->error, breach->key));
  if (has_file) return AppDescription{std::move(*config), AppDescription::Origin::File};
  if (options.instances) config->instances = *options.instances;
  return AppDescription{std::move(*config), AppDescription::Origin::AdHoc};
}

Status keep_description(const Paths& paths, const std::string& app, const AppDescription& description) {
  if (description.origin == AppDescription::Origin::File) return {};
  return write_file_atomically(paths.adhoc_app_file(app), write_app_file(description.config), 0600,
                               Durability::Synced);
}

Status check_known(const Paths& paths, const AppName& app) {
  for (const std::string& file : {app.file, paths.adhoc_app_file(app.name), paths.journal(app.name)}) {
    const auto there = exists(file);
    if (!there) return fail(there.error());
    if (*there) return {};
  }
  return fail(no_such_app(paths, app));
}

namespace {

// Calls `visit` for every entry. A missing folder has no entries.
template <typename Visit>
Status for_each_entry(const std::string& folder, const Visit& visit) {
  std::error_code failure;
  fs::directory_iterator entry(folder, failure);
  for (; !failure && entry != fs::directory_iterator(); entry.increment(failure))
    if (Status visited = visit(entry->path()); !visited) return visited;
  if (!failure || failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory)
    return {};
  return fail(os_failure("cannot list " + folder, failure.value()));
}

}  // namespace

Result<std::vector<std::string>> known_apps(const Paths& paths) {
  std::set<std::string> names;
  Status listed = for_each_entry(paths.config_dir, [&](const fs::path& path) -> Status {
    if (path.extension() == ".toml" && check_app_name(path.stem().string()))
      names.insert(path.stem().string());
    return {};
  });
  if (!listed) return fail(listed.error());
  listed = for_each_entry(paths.state_dir, [&](const fs::path& path) -> Status {
    const std::string name = path.filename().string();
    const auto there = check_app_name(name) ? exists(paths.journal(name)) : Result<bool>(false);
    if (!there) return fail(there.error());
    if (*there) names.insert(name);
    return {};
  });
  if (!listed) return fail(listed.error());
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace rollctl
