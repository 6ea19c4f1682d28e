// SPDX-License-Identifier: MIT
#include "state/journal.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/own_file.h"

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

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Told by the line's text: a member like that inside a string would have its quotes escaped.
bool has(std::string_view line, std::string_view member) {
  return line.find(member) != std::string_view::npos;
}

// Not torn by a crash either.
bool begins_change(std::string_view line) {
  return has(line, R"("event":"deploy.started")") && event_from_line(line);
}

bool ends_change(std::string_view line) {
  return has(line, R"("event":"deploy.finished")") && !has(line, R"("outcome":"needs_attention")") &&
         event_from_line(line);
}

// The last of the first `end` lines that is such a one.
template <typename Predicate>
std::optional<size_t> last_before(const Lines& lines, size_t end, Predicate is_wanted) {
  while (end > 0)
    if (is_wanted(lines[--end])) return end;
  return std::nullopt;
}

// The beginning of the last change that completed a generation: what was before it has left nothing but,
// where the app was ever scaled, that.
size_t begin_of_state(std::string_view text, const Lines& lines) {
  if (has(text, R"("command":"scale")")) return 0;
  const auto completes = [](std::string_view line) {
    return ends_change(line) && has(line, R"("outcome":"deployed")");
  };
  for (size_t end = lines.size();;) {
    const auto completed = last_before(lines, end, completes);
    const auto begun = completed ? last_before(lines, *completed, begins_change) : std::nullopt;
    if (!begun) return 0;
    if (begin_change(*event_from_line(lines[*begun])).makes_generation()) return *begun;
    end = *begun;
  }
}

Lines lines_that_count(std::string_view text, Reach reach) {
  const Lines lines = lines_of(text);
  const size_t first = reach == Reach::State ? begin_of_state(text, lines) : 0;
  const size_t last_change = last_before(lines, lines.size(), begins_change).value_or(0);
  const bool has_ended =
      std::any_of(lines.begin() + static_cast<ptrdiff_t>(last_change), lines.end(), ends_change);
  const size_t open_change = has_ended ? lines.size() : last_change;
  // Ids only grow: the last one that was given tells all.
  const auto last_launch = last_before(
      lines, open_change, [](std::string_view line) { return has(line, R"("event":"instance.starting")"); });
  Lines counting;
  for (size_t line = 0; line < lines.size(); ++line)
    if (line >= open_change || line == last_launch ||
        (line >= first && has(lines[line], R"("event":"deploy.)")))
      counting.push_back(lines[line]);
  return counting;
}

}  // namespace

Acknowledgement FileJournal::commit(const Event& event) {
  if (Status written = note(event); !written) return written;
  return Acknowledgement([this, lines = file_.lines()] { return explain(file_.sync(lines)); });
}

Status FileJournal::note(const Event& event) {
  // A path or a note may hold bytes that are no UTF-8: replaced, never thrown over.
  return explain(file_.append(
      event_to_json(event, app_).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
}

Result<std::vector<Event>> read_journal(const std::string& path, Reach reach) {
  const Status folder = check_own_folder(std::filesystem::path(path).parent_path());
  if (!folder && folder.error().kind == ErrorKind::NotFound) return std::vector<Event>();
  if (!folder) return fail(folder.error());
  auto text = read_own_file(path, kLargestJournal);
  if (!text && text.error().kind == ErrorKind::NotFound) return std::vector<Event>();
  if (!text) return fail(text.error());
  std::vector<Event> events;
  for (const std::string_view line : lines_that_count(*text, reach))
    if (auto event = event_from_line(line)) events.push_back(std::move(*event));
  return events;
}

Result<History> read_history(const std::string& path, Reach reach) {
  const auto events = read_journal(path, reach);
  if (!events) return fail(events.error());
  return fold(*events);
}

}  // namespace roll
