// SPDX-License-Identifier: MIT
#include "state/log_tail.h"

#include <unistd.h>

#include <algorithm>

#include "process/log_file.h"

namespace rollctl {

namespace {

constexpr int64_t kMostBytes = 256 * 1024;

}  // namespace

std::vector<std::string> last_lines_of(const std::string& path, size_t lines, int64_t* end) {
  const Fd fd = open_log_to_read(path);
  const int64_t size = fd ? ::lseek(fd.get(), 0, SEEK_END) : 0;
  if (end != nullptr) *end = std::max<int64_t>(size, 0);
  if (size <= 0) return {};
  const int64_t begin = std::max<int64_t>(0, size - kMostBytes);
  std::string text(static_cast<size_t>(size - begin), '\0');
  const ssize_t got = ::pread(fd.get(), text.data(), text.size(), begin);
  if (got <= 0) return {};
  text.resize(static_cast<size_t>(got));

  const size_t cut_in_the_middle = begin > 0 ? text.find('\n') : std::string::npos;
  const size_t from = cut_in_the_middle == std::string::npos ? 0 : cut_in_the_middle + 1;
  return last_lines_in(std::string_view(text).substr(from), lines);
}

std::vector<std::string> last_lines_in(std::string_view text, size_t lines) {
  std::vector<std::string> all;
  for (size_t start = 0; start < text.size();) {
    const size_t stop = std::min(text.find('\n', start), text.size());
    all.emplace_back(text.substr(start, stop - start));
    start = stop + 1;
  }
  if (all.size() > lines) all.erase(all.begin(), all.end() - static_cast<ptrdiff_t>(lines));
  return all;
}

}  // namespace rollctl
