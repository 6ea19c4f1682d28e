// SPDX-License-Identifier: MIT
#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/own_file.h"

namespace rollctl {

namespace fs = std::filesystem;

namespace {

Status sync_folder_of(const std::string& path) {
  std::string folder = fs::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return fail(last_os_failure("cannot sync " + folder));
  return {};
}

}  // namespace

Status write_file_atomically(const std::string& path, std::string_view text, mode_t mode,
                             Durability durability) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());  // left by a crashed write
  Fd fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return fail(last_os_failure("cannot write " + draft));
  Status written = write_all(fd.get(), text);
  if (written && durability == Durability::Synced && ::fsync(fd.get()) != 0)
    written = fail(last_os_failure("cannot sync"));
  if (written && ::rename(draft.c_str(), path.c_str()) != 0) written = fail(last_os_failure("cannot rename"));
  if (!written) {
    ::unlink(draft.c_str());
    return fail(with_context(written.error(), path));
  }
  return durability == Durability::Synced ? sync_folder_of(path) : Status();
}

Status sync_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return fail(last_os_failure("cannot sync " + path));
  return sync_folder_of(path);
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(last_os_failure("cannot open " + path));
  auto text = read_all(fd.get(), limit);
  if (!text) return fail(with_context(text.error(), path));
  return text;
}

Status LineFile::append(std::string_view line) {
  if (!fd_) {
    auto file = open_own_file(path_, O_RDWR | O_CREAT | O_APPEND, 0600);
    if (!file) return fail(file.error());
    fd_ = std::move(*file);
  }
  std::string text;
  text.reserve(line.size() + 2);
  const off_t end = ::lseek(fd_.get(), 0, SEEK_END);
  is_new_ = is_new_ || end == 0;
  char last = '\n';
  if (end > 0 && ::pread(fd_.get(), &last, 1, end - 1) == 1 && last != '\n') text += '\n';
  text += line;
  text += '\n';
  if (Status written = write_all(fd_.get(), text); !written)
    return fail(with_context(written.error(), path_));
  ++lines_;
  return {};
}

Status LineFile::sync(size_t lines) {
  if (lines <= synced_) return {};
  const size_t appended = lines_;
  if (::fsync(fd_.get()) != 0) return fail(last_os_failure("cannot sync " + path_));
  if (is_new_)
    if (Status synced = sync_folder_of(path_); !synced) return synced;
  is_new_ = false;
  synced_ = appended;
  return {};
}

Status append_line(const std::string& path, std::string_view line) {
  return LineFile(path).append(line);
}

Status make_directories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) {
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
    return fail(os_failure("cannot create folder " + path, ENOTDIR));
  }
  if (errno != ENOENT) return fail(last_os_failure("cannot create folder " + path));
  const std::string parent = fs::path(path).parent_path().string();
  if (parent.empty() || parent == path) return fail(os_failure("cannot create folder " + path, ENOENT));
  if (Status made = make_directories(parent, mode); !made) return made;
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    return fail(last_os_failure("cannot create folder " + path));
  return {};
}

}  // namespace rollctl
