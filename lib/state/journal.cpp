// SPDX-License-Identifier: MIT
#include "state/journal.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "base/atomic_file.h"

namespace roll {

namespace {

// Some hundred thousand changes: a bound only against reading what is no journal at all.
constexpr size_t kLargestJournal = size_t{1} << 30;

constexpr const char* kDiskHint =
    "free some space, or look at the file's permissions; nothing was changed by this step";

Status explain(const Status& written) {
  if (written) return {};
  Error error = with_context(written.error(), "cannot write the journal");
  error.hint = kDiskHint;
  return fail(std::move(error));
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Told by the line's text: a member of that name inside a string would have its quotes escaped.
bool is_event(std::string_view line, std::string_view quoted_name) {
  return line.find(quoted_name) != std::string_view::npos;
}

std::vector<std::string_view> lines_that_count(std::string_view text) {
  const std::vector<std::string_view> lines = lines_of(text);
  const auto last_change = std::find_if(lines.rbegin(), lines.rend(), [](std::string_view line) {
                             return is_event(line, R"("event":"deploy.started")") && event_from_line(line);
                           }).base();
  const auto begin = last_change == lines.begin() ? lines.begin() : std::prev(last_change);
  std::vector<std::string_view> counting;
  // Ids only grow: the last one that was given tells all.
  std::string_view last_launch;
  for (auto line = lines.begin(); line != begin; ++line) {
    if (is_event(*line, R"("event":"deploy.)")) counting.push_back(*line);
    if (is_event(*line, R"("event":"instance.starting")")) last_launch = *line;
  }
  if (!last_launch.empty()) counting.push_back(last_launch);
  counting.insert(counting.end(), begin, lines.end());
  return counting;
}

}  // namespace

Acknowledgement FileJournal::commit(const Event& event) {
  if (Status written = note(event); !written) return written;
  file_.begin_sync();
  return Acknowledgement([this, lines = file_.lines()] { return explain(file_.sync(lines)); });
}

Status FileJournal::note(const Event& event) {
  // A path or a note may hold bytes that are no UTF-8: replaced, never thrown over.
  return explain(file_.append(
      event_to_json(event, app_).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
}

Result<std::vector<Event>> read_journal(const std::string& path) {
  auto text = read_file(path, kLargestJournal);
  if (!text && text.error().kind == ErrorKind::NotFound) return std::vector<Event>();
  if (!text) return fail(text.error());
  std::vector<Event> events;
  for (const std::string_view line : lines_that_count(*text))
    if (auto event = event_from_line(line)) events.push_back(std::move(*event));
  return events;
}

}  // namespace roll
