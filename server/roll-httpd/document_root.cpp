// SPDX-License-Identifier: MIT
#include "roll-httpd/document_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace roll {
namespace {

constexpr int kTries = 16;

}  // namespace

OpenEntry::~OpenEntry() {
  if (fd_ >= 0) close(fd_);
}

int OpenEntry::release() {
  return std::exchange(fd_, -1);
}

std::optional<DocumentRoot> DocumentRoot::open(const std::string& directory, int& error) {
  int fd = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    error = errno;
    return std::nullopt;
  }
  DocumentRoot root(fd);
  // Finds out about openat2(2) before the first client does. The directory itself need not be readable.
  if (!root.open_entry("", error) && error != EACCES) return std::nullopt;
  return root;
}

DocumentRoot::DocumentRoot(DocumentRoot&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DocumentRoot::~DocumentRoot() {
  if (fd_ >= 0) close(fd_);
}

std::optional<OpenEntry> DocumentRoot::open_entry(const std::string& path, int& error) const {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  // EAGAIN: a rename during the walk, or a lease on the file. Tried a few times only.
  for (int tries = 0; tries < kTries; ++tries) {
    fd = syscall(SYS_openat2, fd_, path.empty() ? "." : path.c_str(), &how, sizeof how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  struct stat status{};
  if (fd < 0 || fstat(static_cast<int>(fd), &status) != 0) {
    error = errno;
    if (fd >= 0) close(static_cast<int>(fd));
    return std::nullopt;
  }
  EntryKind kind = S_ISREG(status.st_mode)   ? EntryKind::File
                   : S_ISDIR(status.st_mode) ? EntryKind::Directory
                                             : EntryKind::Other;
  return OpenEntry(static_cast<int>(fd), kind, static_cast<std::uint64_t>(status.st_size));
}

}  // namespace roll
