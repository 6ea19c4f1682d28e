// SPDX-License-Identifier: MIT
#include "roll-httpd/access_log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <utility>

namespace roll {
namespace {

void append_escaped(std::string& line, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e || c == '"' || c == '\\') {
      line += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      line += c;
    }
  }
}

void append_quoted(std::string& line, std::string_view text) {
  line += " \"";
  append_escaped(line, text.empty() ? "-" : text);
  line += '"';
}

}  // namespace

std::string format_log_line(const LogEntry& entry, std::time_t now) {
  std::string line;
  append_escaped(line, entry.peer.empty() ? "-" : entry.peer);
  tm utc{};
  gmtime_r(&now, &utc);
  char time[40];
  line.append(time, strftime(time, sizeof time, " - - [%d/%b/%Y:%H:%M:%S +0000]", &utc));
  std::string request;
  if (!entry.method.empty()) {
    request.append(entry.method).append(" ").append(entry.target).append(" ").append(entry.version);
  }
  append_quoted(line, request);
  line += " " + std::to_string(entry.status) + " " + std::to_string(entry.bytes);
  append_quoted(line, entry.referer);
  append_quoted(line, entry.agent);
  line += '\n';
  return line;
}

std::optional<AccessLog> AccessLog::open(const std::string& file, int& error) {
  // O_NONBLOCK: a FIFO without a reader is an error instead of a wait.
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  int fd = file == "-" ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(file.c_str(), kFlags, 0640);
  if (fd < 0) {
    error = errno;
    return std::nullopt;
  }
  struct stat status{};
  bool is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  return AccessLog(fd, is_file ? Kind::File : Kind::Stream);
}

AccessLog::AccessLog(AccessLog&& other) noexcept : fd_(std::exchange(other.fd_, -1)), kind_(other.kind_) {}

AccessLog::~AccessLog() {
  if (fd_ >= 0) close(fd_);
}

void AccessLog::write(const LogEntry& entry) const {
  std::string line = format_log_line(entry, std::time(nullptr));
  if (kind_ == Kind::Stream) {
    // poll instead of O_NONBLOCK, which would affect all processes that share standard output. A writable
    // pipe takes PIPE_BUF bytes (pipe(7)).
    pollfd writable{fd_, POLLOUT, 0};
    if (poll(&writable, 1, 0) != 1) return;
    if (line.size() > PIPE_BUF) line.replace(PIPE_BUF - 1, std::string::npos, "\n");
  }
  [[maybe_unused]] ssize_t written = ::write(fd_, line.data(), line.size());
}

}  // namespace roll
