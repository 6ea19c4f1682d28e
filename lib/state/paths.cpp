// SPDX-License-Identifier: MIT
#include "state/paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "base/path_walk.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

std::string value_of(const Paths::Environment& environment, const char* name) {
  const char* value = environment(name);
  return value != nullptr ? value : "";
}

std::string below(const std::string& folder, const std::string& name) {
  std::string path = folder;
  if (!path.empty() && !path.ends_with('/')) path += '/';
  return path += name;
}

// Most folders are plain, and need no std::filesystem::path, which costs time in every command.
bool is_plain(const std::string& folder) {
  return folder.starts_with('/') && !folder.ends_with('/') && folder.find("//") == std::string::npos &&
         folder.find("/.") == std::string::npos;
}

constexpr const char* kInstalledLibexec = "/usr/libexec/rollctl";

constexpr std::array kCode{"roll-shim", "libroll-tls.so", "libroll-preload.so"};

// Where hard links are not protected, any user can link a program with file capabilities into a folder of
// their own, and put other programs beside it.
bool is_roots_alone(const fs::path& path) {
  const auto found = walk_path(path.string(), Trust::Root);
  if (!found) return found.error().os_error == ENOENT;
  constexpr mode_t kOthers = S_IWGRP | S_IWOTH;
  return found->untrusted.empty() && found->info.st_uid == 0 && (found->info.st_mode & kOthers) == 0;
}

// In a build tree all programs are in one folder; installed, the shim has a folder of its own.
std::string find_libexec(Paths::Power power) {
  std::error_code failure;
  const fs::path folder = fs::read_symlink("/proc/self/exe", failure).parent_path();
  const bool is_beside = !failure && ::access((folder / "roll-shim").c_str(), X_OK) == 0;
  const auto is_safe = [&](const char* name) {
    return power == Paths::Power::None || is_roots_alone(folder / name);
  };
  return is_beside && std::ranges::all_of(kCode, is_safe) ? folder.string() : kInstalledLibexec;
}

}  // namespace

Result<Paths> Paths::resolve(uid_t uid, const Environment& environment, Power power) {
  const auto value = [&](const char* name) { return value_of(environment, name); };
  if (power == Power::Capabilities && !value("ROLLCTL_LIBEXEC_DIR").empty())
    return fail(ErrorKind::NotPermitted,
                "ROLLCTL_LIBEXEC_DIR is refused: rollctl has file capabilities, and the programs in that "
                "folder would "
                "run with them",
                "unset it, or use a rollctl without capabilities");
  const auto xdg = [&](const char* name, const char* below_home) {
    const std::string folder = value(name);
    return below(folder.empty() ? below(value("HOME"), below_home) : folder, "rollctl");
  };
  const bool root = uid == 0;
  const auto homeless = [&](const char* override, const char* xdg_name) {
    return !root && value(override).empty() && value(xdg_name).empty() && value("HOME").empty();
  };
  if (homeless("ROLLCTL_CONFIG_DIR", "XDG_CONFIG_HOME") || homeless("ROLLCTL_STATE_DIR", "XDG_STATE_HOME"))
    return fail(ErrorKind::NotPermitted, "no folder for app files and journals: HOME is not set",
                "set HOME, or ROLLCTL_CONFIG_DIR and ROLLCTL_STATE_DIR");
  Paths paths;
  paths.config_dir = value("ROLLCTL_CONFIG_DIR");
  if (paths.config_dir.empty()) paths.config_dir = root ? "/etc/rollctl" : xdg("XDG_CONFIG_HOME", ".config");
  paths.state_dir = value("ROLLCTL_STATE_DIR");
  if (paths.state_dir.empty())
    paths.state_dir = root ? "/var/lib/rollctl" : xdg("XDG_STATE_HOME", ".local/state");
  paths.log_dir = value("ROLLCTL_LOG_DIR");
  if (paths.log_dir.empty() && root) paths.log_dir = "/var/log/rollctl";
  paths.libexec_dir = value("ROLLCTL_LIBEXEC_DIR");
  if (paths.libexec_dir.empty()) paths.libexec_dir = find_libexec(power);
  paths.library_dir = paths.libexec_dir == kInstalledLibexec ? ROLL_LIBRARY_DIR : paths.libexec_dir;
  paths.runtime_dir = value("ROLLCTL_RUNTIME_DIR");
  if (paths.runtime_dir.empty() && root) paths.runtime_dir = "/run/rollctl";
  if (paths.runtime_dir.empty()) {
    const std::string session = value("XDG_RUNTIME_DIR");
    if (session.empty())
      return fail(ErrorKind::NotPermitted, "no folder for running instances: XDG_RUNTIME_DIR is not set",
                  "log in as this user (with lingering: loginctl enable-linger), or set ROLLCTL_RUNTIME_DIR");
    paths.runtime_dir = below(session, "rollctl");
  }
  // A shim has another working directory than rollctl, so its paths must be absolute.
  for (std::string* folder : {&paths.config_dir, &paths.runtime_dir, &paths.state_dir, &paths.log_dir,
                              &paths.libexec_dir, &paths.library_dir}) {
    std::error_code failure;
    if (!folder->empty() && !is_plain(*folder))
      *folder = fs::absolute(*folder, failure).lexically_normal().string();
  }
  return paths;
}

std::string Paths::app_file(const std::string& app) const {
  return below(config_dir, app + ".toml");
}
std::string Paths::runtime(const std::string& app) const {
  return below(runtime_dir, app);
}
std::string Paths::lock(const std::string& app) const {
  return below(runtime(app), "lock");
}
std::string Paths::instance(const std::string& app, InstanceId id) const {
  return below(runtime(app), std::to_string(id));
}
std::string Paths::state(const std::string& app) const {
  return below(state_dir, app);
}
std::string Paths::journal(const std::string& app) const {
  return below(state(app), "journal.jsonl");
}
std::string Paths::adhoc_app_file(const std::string& app) const {
  return below(state(app), "app.toml");
}
std::string Paths::generation(const std::string& app, int64_t generation) const {
  return below(below(state(app), "generations"), std::to_string(generation) + ".json");
}
std::string Paths::logs(const std::string& app) const {
  return log_dir.empty() ? below(state(app), "log") : below(log_dir, app);
}
std::string Paths::log(const std::string& app, InstanceId id) const {
  return below(logs(app), std::to_string(id) + ".log");
}
std::string Paths::preload_library() const {
  return below(library_dir, "libroll-preload.so");
}
std::string Paths::tls_library() const {
  return below(library_dir, "libroll-tls.so");
}
std::string Paths::shim_program() const {
  return below(libexec_dir, "roll-shim");
}

}  // namespace rollctl
