// SPDX-License-Identifier: MIT
// One line per request, in the combined log format, with times in UTC.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace roll {

struct LogEntry {
  std::string_view peer = {};
  std::string_view method = {};  // empty when the request could not be read, as are the three that follow
  std::string_view target = {};
  std::string_view version = {};  // "HTTP/1.1"
  std::string_view referer = {};
  std::string_view agent = {};
  int status = 0;
  std::uint64_t bytes = 0;  // of the body that were handed to the kernel
};

// The line with its newline. Quotes, backslashes and what is not printable ASCII are escaped as \xHH, so that
// no client can forge a line.
std::string format_log_line(const LogEntry& entry, std::time_t now);

class AccessLog {
 public:
  // Appends to `file`, created with mode 0640; "-" is standard output. Returns an errno value in `error` on
  // failure, ENXIO for a FIFO that nobody reads.
  static std::optional<AccessLog> open(const std::string& file, int& error);
  AccessLog(AccessLog&& other) noexcept;
  AccessLog& operator=(AccessLog&&) = delete;
  ~AccessLog();

  // One write(2) per line: several servers may append to one file. A full disk loses lines, never requests;
  // so does a pipe, FIFO or terminal that takes nothing at the moment, and there a line is cut at PIPE_BUF
  // bytes. Never blocks on those.
  void write(const LogEntry& entry) const;

 private:
  enum class Kind { File, Stream };
  AccessLog(int fd, Kind kind) : fd_(fd), kind_(kind) {}
  int fd_;
  Kind kind_;
};

}  // namespace roll
