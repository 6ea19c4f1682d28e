// SPDX-License-Identifier: MIT
// The served directory, and all access to its files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace roll {

enum class EntryKind { File, Directory, Other };

// An open file or directory; closed with the object unless the descriptor was released.
class OpenEntry {
 public:
  OpenEntry(int fd, EntryKind kind, std::uint64_t size) : fd_(fd), kind_(kind), size_(size) {}
  OpenEntry(OpenEntry&& other) noexcept : fd_(other.release()), kind_(other.kind_), size_(other.size_) {}
  OpenEntry& operator=(OpenEntry&&) = delete;
  ~OpenEntry();

  int fd() const { return fd_; }
  int release();
  EntryKind kind() const { return kind_; }
  std::uint64_t size() const { return size_; }

 private:
  int fd_;
  EntryKind kind_;
  std::uint64_t size_;
};

class DocumentRoot {
 public:
  // Keeps the directory open, so a directory that is renamed over its path later is not served. Returns an
  // errno value in `error` on failure, ENOSYS where the kernel lacks openat2(2) (before 5.6).
  static std::optional<DocumentRoot> open(const std::string& directory, int& error);
  DocumentRoot(DocumentRoot&& other) noexcept;
  DocumentRoot& operator=(DocumentRoot&&) = delete;
  ~DocumentRoot();

  // Opens `path` (relative; "" is the root) for reading. openat2(2) with RESOLVE_BENEATH refuses paths that
  // leave the root (EXDEV), also by a symbolic link that is replaced meanwhile. It refuses all absolute
  // links. Never blocks on a FIFO. Returns an errno value in `error` on failure.
  std::optional<OpenEntry> open_entry(const std::string& path, int& error) const;

 private:
  explicit DocumentRoot(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace roll
