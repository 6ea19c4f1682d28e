// SPDX-License-Identifier: MIT
#include "config/launch_check.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/privilege.h"
#include "config/hidden_program.h"
#include "config/launch.h"
#include "config/placeholders.h"
#include "config/program.h"
#include "config/users.h"

namespace rollctl {

namespace {

Credentials own_credentials() {
  Credentials own{geteuid(), getegid(), {}};
  own.groups.resize(static_cast<size_t>(std::max(0, getgroups(0, nullptr))));
  own.groups.resize(
      static_cast<size_t>(std::max(0, getgroups(static_cast<int>(own.groups.size()), own.groups.data()))));
  return own;
}

enum class Wanted { Program, Folder };

// The errno with which executing or entering `path` as `who` would fail, or 0.
int access_error(const Credentials& who, const std::string& path, Wanted wanted) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    struct stat folder{};
    if (stat(path.substr(0, slash).c_str(), &folder) < 0) return errno;
    if (!S_ISDIR(folder.st_mode)) return ENOTDIR;
    if (!mode_allows(who, folder, FileUse::Execute)) return EACCES;
  }
  struct stat file{};
  if (stat(path.c_str(), &file) < 0) return errno;
  if (wanted == Wanted::Folder && !S_ISDIR(file.st_mode)) return ENOTDIR;
  if (wanted == Wanted::Program && !S_ISREG(file.st_mode)) return EACCES;
  return mode_allows(who, file, FileUse::Execute) ? 0 : EACCES;
}

bool is_on_noexec(const std::string& path) {
  struct statvfs where{};
  return ::statvfs(path.c_str(), &where) == 0 && (where.f_flag & ST_NOEXEC) != 0;
}

std::string search_path_of(const std::vector<std::string>& env) {
  for (const auto& entry : env)
    if (entry.starts_with("PATH=")) return entry.substr(5);
  return {};
}

// As whom and where a program would be executed. What is empty depends on files that are not known.
struct Execution {
  Credentials who;
  std::optional<std::string> workdir;
  std::optional<std::string> search_path;
};

// Finds the program as exec does: absolute, below the workdir, or in PATH. Empty if it is not in PATH;
// nothing if that place is not known.
std::optional<std::string> locate(const std::string& program, const Execution& execution) {
  if (program.starts_with('/')) return program;
  if (program.find('/') != std::string::npos) {
    if (!execution.workdir) return std::nullopt;
    return *execution.workdir + "/" + program;
  }
  if (!execution.search_path) return std::nullopt;
  std::string_view rest = *execution.search_path;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    std::string candidate = fmt::format("{}/{}", rest.substr(0, end), program);
    if (access_error(execution.who, candidate, Wanted::Program) == 0) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::string();
}

class LaunchCheck {
 public:
  explicit LaunchCheck(const GenerationSpec& spec) : spec_(spec), knows_release_(!spec.release.empty()) {
    if (knows_release_) return;
    spec_.release = "release";  // texts without files, such as the path of a probe, are checked all the same
    for (std::string* file : {&spec_.config.env_file, &spec_.config.ready.ca})
      if (mentions_placeholder(*file, "release")) file->clear();
  }

  std::vector<Error> run() {
    Execution server{look_up_user(), {}, {}};
    const InstancePlace sample{1, "/run/rollctl/" + spec_.app + "/1", {}, {}, 1};
    if (const auto launch = look_up_launch(sample)) {
      look_up_folders(*launch, server);
      check_programs(*launch, sample, server);
    }
    check_nofile();
    check_hooks();
    return std::move(findings_);
  }

 private:
  // A missing file makes the app file invalid.
  void add(const std::string& key, Error error) {
    if (error.os_error != EPERM) error.kind = ErrorKind::Invalid;
    findings_.push_back(with_context(std::move(error),
                                     (spec_.config.source.empty() ? "" : spec_.config.source + ": ") + key));
  }

  [[nodiscard]] bool depends_on_release(const std::string& text) const {
    return !knows_release_ && mentions_placeholder(text, "release");
  }

  // An unknown user is reported once; then root stands for it, who needs the least.
  Credentials look_up_user() {
    const auto user = find_server_user(spec_.config.user, spec_.config.group);
    if (user) return user->credentials.value_or(own_credentials());
    findings_.push_back(spec_.config.source.empty() ? user.error()
                                                    : with_context(user.error(), spec_.config.source));
    spec_.config.user.clear();
    spec_.config.group.clear();
    return {};
  }

  // An unusable env_file is reported once, and left out.
  std::optional<LaunchSpec> look_up_launch(const InstancePlace& sample) {
    auto launch = make_launch_spec(spec_, sample);
    if (launch) return std::move(*launch);
    findings_.push_back(launch.error());
    spec_.config.env_file.clear();
    launch = make_launch_spec(spec_, sample);
    if (!launch) return std::nullopt;
    return std::move(*launch);
  }

  void look_up_folders(const LaunchSpec& launch, Execution& server) {
    // `env` overrides a PATH of env_file.
    const auto path = spec_.config.env.find("PATH");
    const bool knows_path = path != spec_.config.env.end() ? !depends_on_release(path->second)
                                                           : env_file_ == spec_.config.env_file;
    if (knows_path) server.search_path = search_path_of(launch.env);
    if (depends_on_release(spec_.config.workdir)) return;
    const std::string workdir = launch.workdir.empty() ? "/" : launch.workdir;
    if (const int error = access_error(server.who, workdir, Wanted::Folder); error != 0)
      add("workdir", os_failure(fmt::format("\"{}\"", workdir), error));
    else
      server.workdir = workdir;
  }

  void check_programs(const LaunchSpec& launch, const InstancePlace& sample, const Execution& server) {
    if (!depends_on_release(spec_.config.command.front())) check_program("command", launch.argv, server);
    const auto probe = make_probe_spec(spec_, sample);
    if (!probe)
      findings_.push_back(probe.error());
    else if (!probe->command.empty() && !depends_on_release(spec_.config.ready.command.front()))
      check_program("ready.command", probe->command, server);
  }

  void check_program(const std::string& key, const std::vector<std::string>& argv,
                     const Execution& execution) {
    const auto path = locate(argv.front(), execution);
    if (!path) return;
    if (path->empty())
      return add(key, Error{ErrorKind::NotFound, ENOENT, fmt::format("\"{}\" is not in PATH", argv.front()),
                            fmt::format("PATH is {}; write the program with its folder",
                                        execution.search_path.value_or(""))});
    if (const int error = access_error(execution.who, *path, Wanted::Program); error != 0) {
      Error finding = os_failure(fmt::format("\"{}\"", *path), error);
      if (error == EACCES)
        finding.hint = fmt::format("let user {} execute it: chmod +x {}", execution.who.uid, *path);
      return add(key, std::move(finding));
    }
    if (is_on_noexec(*path))
      return add(key, Error{ErrorKind::Invalid, EACCES,
                            fmt::format("\"{}\" is on a file system that is mounted with noexec", *path),
                            "keep it on another file system, or mount that one with exec"});
    const auto script = script_line_of(*path);
    if (script && script->has_carriage_return)
      return add(key, Error{ErrorKind::Invalid, ENOENT,
                            fmt::format("the first line of \"{}\" ends with a carriage return, so that the "
                                        "kernel looks for the interpreter \"{}\\r\"",
                                        *path, script->interpreter),
                            fmt::format("write it with the line ends of Unix: sed -i 's/\\r$//' {}", *path)});
    if (script && !script->interpreter.empty()) {
      if (const int error = access_error(execution.who, script->interpreter, Wanted::Program); error != 0)
        return add(key,
                   os_failure(fmt::format("\"{}\" needs the interpreter \"{}\"", *path, script->interpreter),
                              error));
    }
    if (key != "command" || spec_.config.socket == SocketMode::Inherit) return;
    const std::string program = executed_by(*path, execution);
    if (program.empty()) return;
    if (spec_.config.socket == SocketMode::Preload) check_preload(program);
    check_hidden(program, execution.who);
  }

  // Follows scripts to their interpreter, and env(1) to its program; empty where that is not found. Programs
  // that the server executes later cannot be checked.
  static std::string executed_by(std::string path, const Execution& execution) {
    constexpr int kMostScripts = 5;
    for (int depth = 0; depth < kMostScripts && !path.empty(); ++depth) {
      const auto script = script_line_of(path);
      if (!script) break;
      path = script->interpreter;
      if (path.ends_with("/env") && !script->argument.empty() && script->argument.front() != '-')
        path = locate(script->argument, execution).value_or("");
    }
    return path;
  }

  void check_preload(const std::string& path) {
    const auto obstacle = preload_obstacle(path);
    // Executable but not readable: only a launch can tell.
    if (!obstacle && obstacle.error().kind != ErrorKind::Invalid) return;
    if (!obstacle) return add("socket", obstacle.error());
    if (!*obstacle) return;
    add("socket",
        Error{ErrorKind::Invalid, 0,
              fmt::format("\"preload\" has no effect: \"{}\" {}", path, obstacle_text(**obstacle)),
              "let the server set SO_REUSEPORT itself (socket = \"open\"), or inherit its sockets as in "
              "sd_listen_fds(3) (socket = \"inherit\")"});
  }

  // Its listeners could not be found, so that no handover works. Without a finding a deploy would fail once
  // it has started the server.
  void check_hidden(const std::string& path, const Credentials& who) {
    if (has_capability(CAP_SYS_PTRACE)) return;
    const auto hiding = hiding_of(path, who);
    const bool is_known = spec_.config.socket == SocketMode::Preload && hiding != Hiding::Unreadable;
    if (!hiding || is_known) return;
    add("command", Error{ErrorKind::NotPermitted, EPERM,
                         fmt::format("\"{}\" {}, so that rollctl may not look at its sockets", path,
                                     hiding_text(*hiding)),
                         "let the server inherit its sockets (socket = \"inherit\"), or grant rollctl "
                         "CAP_SYS_PTRACE"});
  }

  void check_hooks() {
    for (const auto& [key, member] : kHooks) {
      const HookConfig& hook = spec_.config.hooks.*member;
      if (hook.command.empty()) continue;
      const auto launch = make_hook_launch(spec_, hook, {});
      if (!launch) {
        findings_.push_back(launch.error());
        continue;
      }
      Execution execution{launch->credentials.value_or(own_credentials()), {}, search_path_of(launch->env)};
      if (!depends_on_release(hook.workdir)) {
        execution.workdir = launch->workdir.empty() ? "/" : launch->workdir;
        if (const int error = access_error(execution.who, *execution.workdir, Wanted::Folder); error != 0)
          add(key, os_failure(fmt::format("its workdir \"{}\"", *execution.workdir), error));
      }
      if (!depends_on_release(hook.command.front())) check_program(key, launch->argv, execution);
    }
  }

  // Skips root, which may raise its hard limit; without CAP_SYS_RESOURCE the launch fails instead.
  void check_nofile() {
    rlimit limit{};
    if (!spec_.config.nofile || geteuid() == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
    if (*spec_.config.nofile <= limit.rlim_max) return;
    add("limits.nofile",
        Error{ErrorKind::NotPermitted, EPERM,
              fmt::format("{} exceeds the hard limit {} of this user", *spec_.config.nofile, limit.rlim_max),
              "raise the hard limit in /etc/security/limits.conf, or run rollctl as root"});
  }

  GenerationSpec spec_;  // without what is unknown, and what a finding names already
  const std::string env_file_ = spec_.config.env_file;
  const bool knows_release_;
  std::vector<Error> findings_;
};

}  // namespace

std::vector<Error> check_launch(const GenerationSpec& spec) {
  return LaunchCheck(spec).run();
}

}  // namespace rollctl
