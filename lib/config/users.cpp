// SPDX-License-Identifier: MIT
#include "config/users.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace rollctl {

namespace {

constexpr size_t kFirstBuffer = 1024;
constexpr size_t kLargestBuffer = 1024 * 1024;

std::optional<unsigned> to_id(const std::string& text) {
  unsigned number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Calls a function of the getpwnam_r family with growing
// buffers; `use` copies the entry before the buffer goes.
template <typename Entry, typename LookUp, typename Use>
Status look_up(const std::string& what, LookUp look_up_with, Use use) {
  for (size_t size = kFirstBuffer; size <= kLargestBuffer; size *= 4) {
    std::vector<char> buffer(size);
    Entry entry{};
    Entry* found = nullptr;
    const int failure = look_up_with(&entry, buffer.data(), buffer.size(), &found);
    if (failure == ERANGE) continue;
    if (found == nullptr && (failure == 0 || failure == ENOENT || failure == ESRCH))
      return fail(ErrorKind::Invalid, fmt::format("unknown {} on this host", what));
    if (found == nullptr) return fail(os_failure("cannot look up " + what, failure));
    use(*found);
    return {};
  }
  return fail(ErrorKind::Failed, fmt::format("cannot look up {}: its entry is larger than 1 MiB", what));
}

void fill_in(ServerUser& result, const passwd& entry) {
  result.name = entry.pw_name;
  result.home = entry.pw_dir;
  result.uid = entry.pw_uid;
  result.gid = entry.pw_gid;
}

// Reads /etc/passwd directly, ten times faster than through the name services, which usually start there too.
bool find_in_own_file(uid_t uid, ServerUser& result) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/etc/passwd", "re"), &std::fclose);
  char buffer[kFirstBuffer];
  passwd entry{};
  passwd* found = nullptr;
  while (file && fgetpwent_r(file.get(), &entry, buffer, sizeof buffer, &found) == 0) {
    const bool stands_for_others =
        entry.pw_name[0] == '+' || entry.pw_name[0] == '-';  // nsswitch.conf(5): compat
    if (entry.pw_uid != uid || stands_for_others) continue;
    fill_in(result, entry);
    return true;
  }
  return false;
}

Status find_user(const std::string& user, ServerUser& result) {
  if (user.empty() && find_in_own_file(geteuid(), result)) return {};
  const auto use = [&result](const passwd& entry) { fill_in(result, entry); };
  const auto by_name = [&](passwd* entry, char* buffer, size_t size, passwd** found) {
    return getpwnam_r(user.c_str(), entry, buffer, size, found);
  };
  const auto id = user.empty() ? std::optional<unsigned>(geteuid()) : to_id(user);
  const auto by_id = [&](passwd* entry, char* buffer, size_t size, passwd** found) {
    return getpwuid_r(*id, entry, buffer, size, found);
  };
  const std::string what = fmt::format("user \"{}\"", user.empty() ? std::to_string(geteuid()) : user);
  if (id) return look_up<passwd>(what, by_id, use);
  return look_up<passwd>(what, by_name, use);
}

Result<gid_t> find_group(const std::string& group) {
  gid_t gid = 0;
  const auto use = [&gid](const ::group& entry) { gid = entry.gr_gid; };
  const auto id = to_id(group);
  const std::string what = fmt::format("group \"{}\"", group);
  const auto status = look_up<::group>(
      what,
      [&](::group* entry, char* buffer, size_t size, ::group** found) {
        return id ? getgrgid_r(*id, entry, buffer, size, found)
                  : getgrnam_r(group.c_str(), entry, buffer, size, found);
      },
      use);
  if (!status) return fail(status.error());
  return gid;
}

std::vector<gid_t> groups_of(const ServerUser& user) {
  int count = 32;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  while (getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) < 0)
    groups.resize(std::max(static_cast<size_t>(count), groups.size() * 2));
  groups.resize(static_cast<size_t>(count));
  return groups;
}

Result<ServerUser> ask_for_server_user(const std::string& user, const std::string& group) {
  ServerUser result;
  const bool caller = user.empty();
  if (const auto found = find_user(user, result); !found) {
    // In a container the caller often has no entry; that is fine.
    if (!caller || found.error().kind != ErrorKind::Invalid) return fail(with_context(found.error(), "user"));
    result.name = std::to_string(geteuid());
    result.home = "/";
    result.uid = geteuid();
    result.gid = getegid();
  }
  if (caller) result.gid = getegid();
  if (!group.empty()) {
    const auto gid = find_group(group);
    if (!gid) return fail(with_context(gid.error(), "group"));
    result.gid = *gid;
  }

  const bool other = result.uid != geteuid() || (!group.empty() && result.gid != getegid());
  if (geteuid() != 0) {
    if (other)
      return fail(
          ErrorKind::NotPermitted,
          fmt::format("{}: only root may start a server as {}", result.uid != geteuid() ? "user" : "group",
                      result.uid != geteuid() ? result.name : group),
          "run rollctl as root, or omit user and group");
    return result;
  }
  if (caller && group.empty()) return result;
  result.groups = groups_of(result);
  result.credentials = Credentials{result.uid, result.gid, result.groups};
  return result;
}

}  // namespace

// Cached: each instance and check asks, and the user database may be remote.
Result<ServerUser> find_server_user(const std::string& user, const std::string& group) {
  static std::map<std::pair<std::string, std::string>, ServerUser> known;
  const auto key = std::pair(user, group);
  if (const auto found = known.find(key); found != known.end()) return found->second;
  auto asked = ask_for_server_user(user, group);
  if (asked) known.emplace(key, *asked);
  return asked;
}

}  // namespace rollctl
