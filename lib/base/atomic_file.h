// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/result.h"

namespace rollctl {

enum class Durability {
  Volatile,  // survives the process, not the machine: for tmpfs
  Synced,    // survives a power cut when the call returns: the file and its folder are fsynced
};

// Replaces `path` in one step: a reader sees the old text or the new one, never a part. On an error the old
// file stands.
Status write_file_atomically(const std::string& path, std::string_view text, mode_t mode,
                             Durability durability = Durability::Volatile);

inline constexpr size_t kLargestFile = size_t{16} * 1024 * 1024;

// Brings a file and its folder to the disk. Blocks.
Status sync_file(const std::string& path);

// The file's whole text, whoever has written it: for what the kernel tells. More than `limit` bytes are an
// error of kind Invalid. NotFound where there is none.
Result<std::string> read_file(const std::string& path, size_t limit = kLargestFile);

// A file that lines are appended to, each (its '\n' is added) with a single write, so that several appenders
// never mix their lines. A torn last line, left by a crash in the middle of a write, is closed first and
// stays a line of its own.
class LineFile {
 public:
  explicit LineFile(std::string path) : path_(std::move(path)) {}

  // The first line opens the file, or creates it (0600). It survives the process, not the machine.
  Status append(std::string_view line);

  // How many lines were appended.
  [[nodiscard]] size_t lines() const { return lines_; }

  // Brings at least the first `lines` of them to the disk, and the name of a new file. Blocks, unless an
  // earlier call has done so.
  Status sync(size_t lines);

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  Fd fd_;
  bool is_new_ = false;  // and its name not on the disk yet
  size_t lines_ = 0;
  size_t synced_ = 0;  // of them
};

// One line alone.
Status append_line(const std::string& path, std::string_view line);

// mkdir -p; folders that are missing are made with `mode`.
Status make_directories(const std::string& path, mode_t mode);

}  // namespace rollctl
