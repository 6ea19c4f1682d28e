// SPDX-License-Identifier: MIT
// Whatever arrives on a shim's socket, from either side: it is understood or refused, and nothing is thrown.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "process/shim_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto request = roll::shim::parse_request(text);
  if (request.body) {
    const auto again = roll::shim::to_text(roll::shim::Request{request.id, *request.body});
    const auto parsed = roll::shim::parse_request(again);
    if (!parsed.body || parsed.id != request.id || parsed.body->index() != request.body->index())
      std::abort();
  }
  if (const auto message = roll::shim::parse_from_shim(text)) {
    const auto* reply = std::get_if<roll::shim::Reply>(&*message);
    if (reply != nullptr && !roll::shim::parse_from_shim(roll::shim::to_text(*reply))) std::abort();
  }
  return 0;
}
