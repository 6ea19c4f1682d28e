// SPDX-License-Identifier: MIT
#include "state/journal.h"

#include <string_view>

#include "base/atomic_file.h"

namespace roll {

namespace {

// Some hundred thousand changes: a bound only against reading what is no journal at all.
constexpr size_t kLargestJournal = size_t{1} << 30;

constexpr const char* kDiskHint =
    "free some space, or look at the file's permissions; nothing was changed by this step";

Status append(const std::string& path, const std::string& app, const Event& event, Durability durability) {
  // A path or a note may hold bytes that are no UTF-8: replaced, never thrown over.
  const std::string line =
      event_to_json(event, app).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (Status written = append_line(path, line, durability); !written) {
    Error error = with_context(written.error(), "cannot write the journal");
    error.hint = kDiskHint;
    return fail(std::move(error));
  }
  return {};
}

}  // namespace

Status FileJournal::commit(const Event& event) {
  return append(path_, app_, event, Durability::Synced);
}

Status FileJournal::note(const Event& event) {
  return append(path_, app_, event, Durability::Volatile);
}

Result<std::vector<Event>> FileJournal::read() const {
  auto text = read_file(path_, kLargestJournal);
  if (!text && text.error().kind == ErrorKind::NotFound) return std::vector<Event>();
  if (!text) return fail(text.error());
  std::vector<Event> all;
  for (std::string_view rest = *text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (auto event = event_from_line(rest.substr(0, end))) all.push_back(std::move(*event));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return all;
}

}  // namespace roll
