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
  Volatile,  // survives the process, not a power cut; for tmpfs
  Synced,    // survives a power cut: file and folder are fsynced
};

// Replaces `path` atomically: a reader sees the old text or
// the new one, never a mix. On an error the old file stays.
Status write_file_atomically(const std::string& path, std::string_view text, mode_t mode,
                             Durability durability = Durability::Volatile);

inline constexpr size_t kLargestFile = size_t{16} * 1024 * 1024;

// fsyncs a file and its folder. Blocks.
Status sync_file(const std::string& path);

// Reads a whole file without checking its owner: for files of the kernel. Invalid for more than `limit`
// bytes; NotFound if the file is missing.
Result<std::string> read_file(const std::string& path, size_t limit = kLargestFile);

// Appends lines to a file, each with its '\n' in a single write, so that lines of several writers never mix.
// A last line without '\n', left by a crash, is terminated first.
class LineFile {
 public:
  explicit LineFile(std::string path) : path_(std::move(path)) {}

  // Opens or creates (0600) the file at the first line. The line
  // survives the process; sync() makes it durable.
  Status append(std::string_view line);

  // The number of lines appended by this object.
  [[nodiscard]] size_t lines() const { return lines_; }

  // fsyncs at least the first `lines` of them, and the folder of a new file. Blocks, unless already synced.
  Status sync(size_t lines);

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  Fd fd_;
  bool is_new_ = false;  // and its folder is not synced yet
  size_t lines_ = 0;
  size_t synced_ = 0;  // of lines_
};

// Appends one line.
Status append_line(const std::string& path, std::string_view line);

// mkdir -p; missing folders get `mode`.
Status make_directories(const std::string& path, mode_t mode);

}  // namespace rollctl
