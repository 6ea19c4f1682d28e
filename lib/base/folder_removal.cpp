// SPDX-License-Identifier: MIT
#include "base/folder_removal.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace rollctl {

namespace {

// Tries a limited number of names: others may exist already.
constexpr int kMostNames = 1000;

// Opens a folder directly below `parent`; not through a link, not on another file system.
Fd open_folder(int parent, const char* name, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return Fd(static_cast<int>(::syscall(SYS_openat2, parent, name, &how, sizeof how)));
}

// The mode of a folder may stop even its owner from listing, emptying or moving it.
void let_oneself_in(int parent, const char* name) {
  if (::geteuid() == 0) return;
  const Fd found = open_folder(parent, name, O_PATH);
  if (found) (void)::chmod(("/proc/self/fd/" + std::to_string(found.get())).c_str(), S_IRWXU);
}

Fd open_to_empty(int parent, const char* name) {
  let_oneself_in(parent, name);
  return open_folder(parent, name, O_RDONLY);
}

class Listing {
 public:
  explicit Listing(const Fd& folder) {
    auto own = duplicate(folder.get());
    if (!own) return;
    stream_.reset(::fdopendir(own->get()));
    if (!stream_) return;
    (void)own->release();
    ::rewinddir(stream_.get());
  }

  // Null at the end. Skips `.` and `..`.
  const dirent* next() {
    while (stream_) {
      const dirent* entry = ::readdir(stream_.get());
      if (entry == nullptr) return nullptr;
      const std::string_view name(entry->d_name);
      if (name != "." && name != "..") return entry;
    }
    return nullptr;
  }

 private:
  struct Close {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  std::unique_ptr<DIR, Close> stream_;
};

// Empties one folder. Moves nested folders up into it, so that it never handles more than two levels.
class Emptying {
 public:
  Emptying(const Fd& folder, TimePoint deadline) : folder_(folder), deadline_(deadline) {}

  void run() {
    bool goes_on = true;
    while (goes_on && !is_late()) {
      goes_on = false;
      Listing entries(folder_);
      for (const dirent* entry = entries.next(); entry != nullptr && !is_late(); entry = entries.next())
        goes_on = remove(entry->d_name) || goes_on;
    }
  }

 private:
  [[nodiscard]] bool is_late() const { return std::chrono::steady_clock::now() >= deadline_; }

  // Whether it removed or moved anything.
  bool remove(const char* name) {
    if (::unlinkat(folder_.get(), name, 0) == 0 || ::unlinkat(folder_.get(), name, AT_REMOVEDIR) == 0)
      return true;
    const Fd inner = open_to_empty(folder_.get(), name);
    if (!inner) return false;
    bool did = false;
    Listing entries(inner);
    for (const dirent* entry = entries.next(); entry != nullptr && !is_late(); entry = entries.next())
      did = take_out(inner, entry->d_name) || did;
    return ::unlinkat(folder_.get(), name, AT_REMOVEDIR) == 0 || did;
  }

  bool take_out(const Fd& inner, const char* name) {
    if (::unlinkat(inner.get(), name, 0) == 0 || ::unlinkat(inner.get(), name, AT_REMOVEDIR) == 0)
      return true;
    if (errno != ENOTEMPTY && errno != EEXIST) return false;
    let_oneself_in(inner.get(), name);
    for (int tries = 0; tries < kMostNames && !is_late(); ++tries) {
      char above[32];
      (void)std::snprintf(above, sizeof above, "up-%lld", static_cast<long long>(++moved_));
      if (::renameat(inner.get(), name, folder_.get(), above) == 0) return true;
      if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) return false;
    }
    return false;
  }

  const Fd& folder_;
  TimePoint deadline_;
  // Starts after the names that earlier calls used.
  int64_t moved_ = std::chrono::steady_clock::now().time_since_epoch().count();
};

struct Place {
  std::string folder;
  std::string name;
};

Place place_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, std::max<size_t>(slash, 1)), path.substr(slash + 1)};
}

Fd open_place(const std::string& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

bool remove_by(int place, const char* name, TimePoint deadline) {
  if (::unlinkat(place, name, 0) == 0 || errno == ENOENT || ::unlinkat(place, name, AT_REMOVEDIR) == 0)
    return true;
  const Fd folder = open_to_empty(place, name);
  if (!folder) return false;
  Emptying(folder, deadline).run();
  return ::unlinkat(place, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

// Names come from the clock: a taken name means that another process discards at this moment.
bool rename_aside(int place, const std::string& name) {
  for (int tries = 0; tries < kMostNames; ++tries) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    const std::string aside = kDiscardedPrefix + name + "-" + std::to_string(now);
    if (::renameat(place, name.c_str(), place, aside.c_str()) == 0) return true;
    if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) return false;
  }
  return false;
}

}  // namespace

Result<Discarded> discard_folder(const std::string& folder) {
  const Place where = place_of(folder);
  const Fd place = open_place(where.folder);
  if (!place && errno == ENOENT) return Discarded::Removed;
  if (!place) return fail(last_os_failure("cannot open " + where.folder));
  if (::unlinkat(place.get(), where.name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT)
    return Discarded::Removed;
  if (rename_aside(place.get(), where.name)) return Discarded::Aside;
  Error failure = last_os_failure("cannot remove " + folder);
  if (remove_by(place.get(), where.name.c_str(), std::chrono::steady_clock::now() + kInPlace))
    return Discarded::Removed;
  return fail(std::move(failure));
}

Cleared clear_discarded(const std::string& place, Millis patience) {
  const Fd folder = open_place(place);
  if (!folder) return errno == ENOENT ? Cleared::All : Cleared::InPart;
  std::vector<std::string> names;
  Listing entries(folder);
  for (const dirent* entry = entries.next(); entry != nullptr; entry = entries.next())
    if (std::string_view(entry->d_name).starts_with(kDiscardedPrefix)) names.emplace_back(entry->d_name);
  const auto end = std::chrono::steady_clock::now() + patience;
  Cleared cleared = Cleared::All;
  for (size_t left = names.size(); left > 0; --left) {
    const auto now = std::chrono::steady_clock::now();
    const auto share = (end - now) / static_cast<int64_t>(left);
    if (!remove_by(folder.get(), names[left - 1].c_str(), now + share)) cleared = Cleared::InPart;
  }
  return cleared;
}

}  // namespace rollctl
