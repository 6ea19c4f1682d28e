// SPDX-License-Identifier: MIT
#include "doctor/host_folders.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/descriptor_limit.h"
#include "base/own_file.h"
#include "base/user_name.h"
#include "process/systemd_manager.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

constexpr rlim_t kFewFiles = 4096;

// The path, or its nearest parent that exists.
fs::path existing_part(fs::path folder) {
  std::error_code failure;
  while (folder.has_relative_path() && !fs::exists(folder, failure)) folder = folder.parent_path();
  return folder;
}

bool is_remote(const fs::path& folder) {
  constexpr long kSmb2 = 0xFE534D42;
  constexpr long kCifs = 0xFF534D42;
  constexpr std::array<long, 6> kRemote{NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, kSmb2,
                                        kCifs,           AFS_SUPER_MAGIC, CEPH_SUPER_MAGIC};
  struct statfs where{};
  return ::statfs(folder.c_str(), &where) == 0 && std::ranges::find(kRemote, where.f_type) != kRemote.end();
}

Result<std::string> look_at_folders(const Result<Paths>& paths) {
  if (!paths) return fail(paths.error());
  for (const auto& [folder, variable] : {std::pair(paths->runtime_dir, "ROLLCTL_RUNTIME_DIR"),
                                         std::pair(paths->state_dir, "ROLLCTL_STATE_DIR")}) {
    const fs::path existing = existing_part(folder);
    if (Status own = check_place_for_folders(existing.string()); !own) {
      own.error().hint = fmt::format("set {} to a folder that only this user can change", variable);
      return fail(own.error());
    }
    if (::faccessat(AT_FDCWD, existing.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
      Error error = last_os_failure("cannot write to " + existing.string());
      error.hint = fmt::format("set {} to a folder that this user may write to", variable);
      return fail(std::move(error));
    }
    if (is_remote(existing))
      return fail(ErrorKind::Unsupported, existing.string() + " is on another host's file system",
                  fmt::format("set {} to a local folder", variable));
  }
  return fmt::format("{} and {}", paths->runtime_dir, paths->state_dir);
}

std::string files_text(rlim_t count) {
  return count == RLIM_INFINITY ? "any number of" : std::to_string(count);
}

Result<std::string> look_at_limits() {
  const rlimit files = original_descriptor_limit();
  std::string found = fmt::format("a server starts with {} files, and may get {} by `nofile` in [limits]",
                                  files_text(files.rlim_cur), files_text(files.rlim_max));
  if (files.rlim_max < kFewFiles)
    return fail(ErrorKind::Unsupported, found,
                "raise the hard limit: LimitNOFILE= of the unit, or /etc/security/limits.conf");
  return found;
}

HostCheck look_for_systemd() {
  const auto systemd = find_systemd();
  if (systemd) {
    return make_check("systemd", *systemd == SystemdScope::System
                                     ? std::string("each instance becomes a unit of the system's")
                                     : std::string("each instance becomes a unit of this user's manager"));
  }
  HostCheck check;
  check.name = "systemd";
  check.message = systemd.error().message + ": instances are processes of their own";
  return check;
}

HostCheck look_for_lingering(uid_t uid) {
  HostCheck check;
  check.name = "lingering";
  std::error_code failure;
  if (!fs::exists("/run/systemd/system", failure)) {
    check.message = "no systemd runs here that would end a user's processes";
    return check;
  }
  const std::string name = user_name(uid);
  if (is_lingering(uid)) return make_check(check.name, "servers outlive the last log-out of " + name);
  return make_check(check.name,
                    fail(ErrorKind::Unsupported,
                         "XDG_RUNTIME_DIR and the servers in it end with the last log-out of " + name,
                         "loginctl enable-linger " + name));
}

}  // namespace

std::vector<HostCheck> check_folders(uid_t uid, const Result<Paths>& paths) {
  std::vector<HostCheck> checks{make_check("folders", look_at_folders(paths))};
  checks.front().need = HostCheck::Need::Always;
  checks.push_back(make_check("files", look_at_limits()));
  checks.push_back(look_for_systemd());
  if (uid != 0) checks.push_back(look_for_lingering(uid));
  return checks;
}

}  // namespace rollctl
