// SPDX-License-Identifier: MIT
#include "roll-httpd/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
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
  int fd = file == "-" ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                       : ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
  if (fd < 0) {
    error = errno;
    return std::nullopt;
  }
  return AccessLog(fd);
}

AccessLog::AccessLog(AccessLog&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

AccessLog::~AccessLog() {
  if (fd_ >= 0) close(fd_);
}

void AccessLog::write(const LogEntry& entry) const {
  std::string line = format_log_line(entry, std::time(nullptr));
  [[maybe_unused]] ssize_t written = ::write(fd_, line.data(), line.size());
}

}  // namespace roll
