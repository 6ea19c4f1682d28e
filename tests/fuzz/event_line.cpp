// SPDX-License-Identifier: MIT
// Any line in a journal is read or refused. An event that was read gives a line that is read back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "process/event_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto event = rollctl::parse_event_line({reinterpret_cast<const char*>(data), size});
  if (!event) return 0;
  const std::string line = rollctl::event_line(*event, "web");
  const auto again = rollctl::parse_event_line(line);
  if (!again || again->body.index() != event->body.index()) std::abort();
  if (rollctl::event_line(*again, "web") != line) std::abort();
  return 0;
}
