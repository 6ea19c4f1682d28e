// SPDX-License-Identifier: MIT
#include "state/timed_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "process/log_file.h"
#include "state/log_time.h"

namespace rollctl {

namespace {

constexpr int64_t kUsualTailBytes = int64_t{256} << 10;
constexpr int64_t kMostTailBytes = int64_t{64} << 20;
// A line of another time zone, or one that quotes a time, is not of the time that it tells.
constexpr auto kSlack = std::chrono::minutes(2);

WallTime time_of(const statx_timestamp& stamp) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::seconds(stamp.tv_sec) +
                                                                 std::chrono::nanoseconds(stamp.tv_nsec)));
}

// Between these a line was written.
struct Span {
  WallTime first;
  WallTime last;
};

struct Piece {
  std::string_view text;
  int64_t offset;  // of its end, in the file
};

std::vector<Piece> pieces_of(std::string_view text, int64_t begin) {
  std::vector<Piece> pieces;
  for (size_t start = 0; start < text.size();) {
    const size_t stop = std::min(text.find('\n', start), text.size());
    pieces.push_back({text.substr(start, stop - start), begin + static_cast<int64_t>(stop)});
    start = stop + 1;
  }
  return pieces;
}

// As if the file had grown evenly since `from`.
WallTime time_at(int64_t offset, int64_t from, int64_t size, const Span& span) {
  if (size <= from) return span.last;
  const double share = static_cast<double>(offset - from) / static_cast<double>(size - from);
  const auto length = std::chrono::duration<double>(span.last - span.first);
  return span.first + std::chrono::duration_cast<WallTime::duration>(length * std::clamp(share, 0.0, 1.0));
}

}  // namespace

std::vector<LogLine> timed_lines_of(InstanceId instance, const std::string& path, const LogPart& part,
                                    int64_t* end) {
  if (end != nullptr) *end = 0;
  const Fd fd = open_log_to_read(path);
  struct statx info{};
  if (!fd || ::statx(fd.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &info) != 0) return {};
  const auto size = static_cast<int64_t>(info.stx_size);
  if (end != nullptr) *end = size;
  if (size <= 0 || part.lines == 0) return {};
  const bool is_of_a_time = part.since || part.until || part.lines == LogPart::kAll;
  const int64_t begin = std::max<int64_t>(0, size - (is_of_a_time ? kMostTailBytes : kUsualTailBytes));
  std::string text(static_cast<size_t>(size - begin), '\0');
  const ssize_t got = ::pread(fd.get(), text.data(), text.size(), begin);
  if (got <= 0) return {};
  text.resize(static_cast<size_t>(got));
  std::vector<Piece> pieces = pieces_of(text, begin);
  if (begin > 0 && pieces.size() > 1) pieces.erase(pieces.begin());  // cut in the middle
  if (!is_of_a_time && pieces.size() > part.lines)
    pieces.erase(pieces.begin(), pieces.end() - static_cast<ptrdiff_t>(part.lines));

  // A file that was truncated is older than its content.
  const WallTime last = time_of(info.stx_mtime);
  Span span{(info.stx_mask & STATX_BTIME) != 0 ? std::min(time_of(info.stx_btime), last) : last, last};
  const Span whole = span;
  int64_t from = 0;
  std::vector<LogLine> lines;
  bool is_timed = false;
  for (const Piece& piece : pieces) {
    LogLine line{instance, std::string(piece.text), {}, true};
    const auto told = time_in_line(piece.text, last);
    if (told && *told >= whole.first - kSlack && *told <= whole.last + kSlack) {
      line.time = std::max(span.first, std::min(*told, whole.last + kSlack));
      line.is_estimated = false;
      is_timed = true;
      span.first = line.time;
      from = piece.offset;
    } else {
      line.time = is_timed ? span.first : time_at(piece.offset, from, size, span);
    }
    lines.push_back(std::move(line));
  }
  std::erase_if(lines, [&](const LogLine& line) { return !part.contains(line.time); });
  if (lines.size() > part.lines) lines.erase(lines.begin(), lines.end() - static_cast<ptrdiff_t>(part.lines));
  return lines;
}

std::vector<LogLine> merge_logs(std::vector<LogLine> all, size_t lines) {
  std::multimap<WallTime, LogLine*> by_time;  // lines of one time stay in their order
  for (LogLine& line : all) by_time.emplace(line.time, &line);
  std::vector<LogLine> last;
  size_t left_out = all.size() - std::min(all.size(), lines);
  for (const auto& [time, line] : by_time) {
    if (left_out > 0) {
      --left_out;
    } else {
      last.push_back(std::move(*line));
    }
  }
  return last;
}

}  // namespace rollctl
