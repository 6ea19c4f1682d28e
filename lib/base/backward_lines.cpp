// SPDX-License-Identifier: MIT
#include "base/backward_lines.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace rollctl {

namespace {

constexpr off_t kBlock = 65536;
constexpr size_t kLongestLine = size_t{1} << 20;

}  // namespace

std::optional<std::string_view> BackwardLines::next() {
  for (;;) {
    const std::string_view rest = std::string_view(text_).substr(0, end_);
    const size_t newline = rest.rfind('\n');
    if (newline != std::string_view::npos) {
      end_ = newline;
      const std::string_view line = rest.substr(newline + 1);
      if (!std::exchange(overlong_, false) && !line.empty()) return line;
      continue;
    }
    if (rest.size() > kLongestLine) {
      overlong_ = true;
      end_ = 0;
    }
    if (read_block()) continue;
    if (std::exchange(overlong_, false) || end_ == 0) return std::nullopt;
    return std::string_view(text_).substr(0, std::exchange(end_, 0));
  }
}

bool BackwardLines::read_block() {
  const off_t size = std::min(kBlock, unread_ - begin_);
  if (size <= 0) return false;
  std::string block(static_cast<size_t>(size), '\0');
  const ssize_t got = ::pread(fd_, block.data(), block.size(), unread_ - size);
  if (got != size) {
    os_error_ = got < 0 ? errno : 0;
    unread_ = begin_;
    return false;
  }
  unread_ -= size;
  block.append(text_, 0, end_);
  text_ = std::move(block);
  end_ = text_.size();
  return true;
}

}  // namespace rollctl
