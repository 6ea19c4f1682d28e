// SPDX-License-Identifier: MIT
#include "base/path_walk.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <fstream>
#include <string_view>

#include "base/privilege.h"
#include "base/user_name.h"

namespace rollctl {

namespace {

constexpr int kMostLinks = 40;           // the kernel's limit
constexpr uid_t kOverflowUser = 65'534;  // user_namespaces(7)

// An owner outside this user namespace (a folder of a container's host). No user inside can be that owner.
bool is_outside(uid_t owner) {
  if (owner != kOverflowUser) return false;
  std::ifstream map("/proc/self/uid_map");
  uint64_t first = 0;
  uint64_t outside = 0;
  uint64_t count = 0;
  while (map >> first >> outside >> count)
    if (owner >= first && owner - first < count) return false;
  return true;
}

bool may(const UntrustedWriter& who, const struct stat& what, mode_t as_owner) {
  const auto bits = [&](unsigned shift) { return (what.st_mode & (as_owner >> shift)) != 0; };
  switch (who.kind) {
    case UntrustedWriter::Kind::Anybody:
      return bits(6);
    case UntrustedWriter::Kind::Group:
      // The owner of the folder trusts that group.
      if (what.st_uid == who.let_in_by && (S_ISDIR(what.st_mode) || what.st_nlink == 1)) return true;
      return bits(what.st_gid == who.id ? 3 : 6);
    case UntrustedWriter::Kind::User:
      break;
  }
  if (what.st_uid == who.id) return bits(0);
  return bits(is_in_group(who.id, what.st_gid) ? 3 : 6);
}

class Walk {
 public:
  explicit Walk(Trust trust) : trust_(trust) {}

  Result<WalkedPath> run(const std::string& path) {
    if (Status started = start(path); !started) return fail(started.error());
    while (!left_.empty()) {
      const std::string name = std::move(left_.front());
      left_.pop_front();
      if (Status stepped = step(name); !stepped) return fail(stepped.error());
    }
    for (UntrustedWriter& one : walked_.untrusted)
      one.could_read = one.could_read && may(one, walked_.info, S_IRUSR);
    return std::move(walked_);
  }

 private:
  Status start(const std::string& path) {
    whole_ = path;
    push(path);
    return path.starts_with('/') ? enter("/") : enter(".");
  }

  void push(std::string_view path) {
    std::vector<std::string> names;
    while (!path.empty()) {
      const size_t end = std::min(path.find('/'), path.size());
      if (end > 0 && path.substr(0, end) != ".") names.emplace_back(path.substr(0, end));
      path.remove_prefix(std::min(end + 1, path.size()));
    }
    left_.insert(left_.begin(), names.begin(), names.end());
  }

  Status enter(const char* folder) {
    so_far_ = folder[0] == '/' ? "" : folder;
    return take(AT_FDCWD, folder);
  }

  // O_DIRECTORY triggers an automount.
  Status take(int from, const char* name) {
    constexpr int kFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    Fd entry(::openat(from, name, left_.empty() ? kFlags : kFlags | O_DIRECTORY));
    if (!entry && errno == ENOTDIR) entry.reset(::openat(from, name, kFlags));
    if (!entry || ::fstat(entry.get(), &walked_.info) != 0)
      return fail(last_os_failure("cannot open " + here()));
    walked_.entry = std::move(entry);
    return {};
  }

  // For messages: the current position, if it differs from the whole path.
  [[nodiscard]] std::string here() const {
    return so_far_.empty() || so_far_ == whole_ ? whole_ : whole_ + " (at " + so_far_ + ")";
  }

  // Enters `name` in the current folder.
  Status step(const std::string& name) {
    const struct stat folder = walked_.info;
    const std::string where = so_far_.empty() ? "/" : so_far_;
    if (!S_ISDIR(folder.st_mode)) return fail(os_failure("cannot open " + here(), ENOTDIR));
    for (UntrustedWriter& one : walked_.untrusted)
      one.could_read = one.could_read && may(one, folder, S_IXUSR);
    const Fd from = std::move(walked_.entry);
    so_far_ += "/" + name;
    if (Status taken = take(from.get(), name.c_str()); !taken) return taken;
    if (name != "..") note(folder, where);
    return S_ISLNK(walked_.info.st_mode) ? follow(from) : Status();
  }

  Status follow(const Fd& from) {
    char target[PATH_MAX];
    const ssize_t length = ::readlinkat(walked_.entry.get(), "", target, sizeof target);
    if (length < 0) return fail(last_os_failure("cannot open " + here()));
    if (++links_ > kMostLinks) return fail(os_failure("cannot open " + here(), ELOOP));
    const std::string_view text(target, static_cast<size_t>(length));
    push(text);
    if (text.starts_with('/')) return enter("/");
    so_far_.resize(so_far_.find_last_of('/'));
    return take(from.get(), ".");
  }

  void note(const struct stat& folder, const std::string& where) {
    if (!is_trusted(folder.st_uid, trust_) && !is_outside(folder.st_uid))
      add({UntrustedWriter::Kind::User, folder.st_uid, 0, where, true});
    const mode_t writable = folder.st_mode & (S_IWGRP | S_IWOTH);
    if (writable == 0) return;
    const UntrustedWriter others =
        (writable & S_IWOTH) != 0
            ? UntrustedWriter{UntrustedWriter::Kind::Anybody, 0, 0, where, true}
            : UntrustedWriter{UntrustedWriter::Kind::Group, folder.st_gid, folder.st_uid, where, true};
    const struct stat& entry = walked_.info;
    const bool is_sticky = (folder.st_mode & S_ISVTX) != 0;
    const bool is_anothers = !is_trusted(entry.st_uid, trust_) && !is_outside(entry.st_uid);
    // A second name may be another's than the file.
    const bool has_names = !S_ISDIR(entry.st_mode) && entry.st_nlink > 1;
    if (is_sticky && is_anothers) {
      add({UntrustedWriter::Kind::User, entry.st_uid, 0, so_far_, true});
    } else if (!is_sticky || has_names) {
      add(others);
    }
  }

  void add(const UntrustedWriter& one) { walked_.untrusted.push_back(one); }

  Trust trust_;
  WalkedPath walked_;
  std::string whole_;
  std::string so_far_;
  std::deque<std::string> left_;
  int links_ = 0;
};

}  // namespace

bool is_trusted(uid_t owner, Trust trust) {
  if (owner == 0) return true;
  return trust == Trust::RootAndUs && (owner == ::geteuid() || sudo_caller() == owner);
}

std::string UntrustedWriter::name() const {
  if (kind == Kind::Anybody) return "everybody";
  if (kind == Kind::Group) return "group " + std::to_string(id);
  return user_text(id);
}

Result<WalkedPath> walk_path(const std::string& path, Trust trust) {
  return Walk(trust).run(path);
}

}  // namespace rollctl
