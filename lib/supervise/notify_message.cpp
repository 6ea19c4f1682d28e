// SPDX-License-Identifier: MIT
#include "supervise/notify_message.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace rollctl {

namespace {

constexpr Micros kLongestExtension = std::chrono::hours(24);

// Removes control characters, because `rollctl status` shows the text on a terminal.
std::string clean_status(std::string_view text) {
  std::string clean;
  for (const char c : text.substr(0, kMaxStatusText)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) continue;
    // C1 control characters are 0xC2 0x80 … 0xC2 0x9F.
    const bool is_c1 = byte >= 0x80 && byte < 0xA0 && !clean.empty() && clean.back() == '\xC2';
    if (is_c1) {
      clean.pop_back();
      continue;
    }
    clean += c;
  }
  // Drops a last character that the cut made incomplete.
  size_t tail = 0;
  while (tail < 3 && tail < clean.size() && (clean[clean.size() - 1 - tail] & 0xC0) == 0x80) ++tail;
  if (tail < clean.size()) {
    const auto lead = static_cast<unsigned char>(clean[clean.size() - 1 - tail]);
    const size_t wanted = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (tail < wanted) clean.resize(clean.size() - 1 - tail);
  }
  return clean;
}

std::optional<Micros> parse_micros(std::string_view text) {
  uint64_t count = 0;
  const auto [end, failure] = std::from_chars(text.begin(), text.end(), count);
  if (end != text.end() || text.empty()) return std::nullopt;
  if (failure == std::errc::result_out_of_range) return kLongestExtension;
  if (failure != std::errc()) return std::nullopt;
  return Micros(std::min<uint64_t>(count, kLongestExtension.count()));
}

std::optional<pid_t> parse_pid(std::string_view text) {
  pid_t pid = 0;
  const auto [end, failure] = std::from_chars(text.begin(), text.end(), pid);
  return failure == std::errc() && end == text.end() && pid > 0 ? std::optional(pid) : std::nullopt;
}

}  // namespace

NotifyMessage parse_notify(std::string_view datagram) {
  NotifyMessage message;
  while (!datagram.empty()) {
    const size_t end = std::min(datagram.find('\n'), datagram.size());
    const std::string_view line = datagram.substr(0, end);
    datagram.remove_prefix(std::min(end + 1, datagram.size()));
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (name == "READY" && value == "1") message.ready = true;
    if (name == "STATUS") message.status = clean_status(value);
    if (name == "EXTEND_TIMEOUT_USEC") message.extend_timeout = parse_micros(value);
    if (name == "MAINPID") message.main_pid = parse_pid(value);
  }
  return message;
}

}  // namespace rollctl
