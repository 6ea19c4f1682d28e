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
  std::uint64_t bytes = 0;  // of the body, as far as the kernel took them
};

// The line with its newline. Quotes, backslashes and non-printable bytes are escaped as \xHH, so that no
// client can forge a line.
std::string format_log_line(const LogEntry& entry, std::time_t now);

class AccessLog {
 public:
  // Appends to `file`, created with mode 0640; "-" is standard output. Returns an errno value in `error` on
  // failure, ENXIO for a FIFO without a reader.
  static std::optional<AccessLog> open(const std::string& file, int& error);
  AccessLog(AccessLog&& other) noexcept;
  AccessLog& operator=(AccessLog&&) = delete;
  ~AccessLog();

  // One write(2) per line, so that several servers can append to one file. A full disk loses lines, not
  // requests; so does a full pipe, FIFO or terminal, where a line is cut at PIPE_BUF bytes. Never blocks on
  // those.
  void write(const LogEntry& entry) const;

 private:
  enum class Kind { File, Stream };
  AccessLog(int fd, Kind kind) : fd_(fd), kind_(kind) {}
  int fd_;
  Kind kind_;
};

}  // namespace roll
