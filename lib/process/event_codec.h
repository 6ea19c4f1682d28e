// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "process/event_kinds.h"

namespace rollctl {

// An event as a line of the journal or of `--json`: one JSON object, without the '\n'. Every line has `v`,
// `time`, `app`, `generation` and `event`, then the members of its kind.
enum class MemberOrder {
  ByName,      // as rollctl writes lines
  FrameFirst,  // as shims do: the members of every line, the id, then the others by name
};
std::string event_line(const Event& event, const std::string& app, MemberOrder order = MemberOrder::ByName);

// Nothing for a line that is no event: torn, or of another program. Of an event of another version, what
// cannot be read has its default, and is kept in Event::rest. Never throws.
std::optional<Event> parse_event_line(std::string_view line);

}  // namespace rollctl
