// SPDX-License-Identifier: MIT
// Any message on a shim's socket, from either side: it is parsed or refused, and throws nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "process/shim_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto request = rollctl::shim::parse_request(text);
  if (request.body) {
    const auto again = rollctl::shim::to_text(rollctl::shim::Request{request.id, *request.body});
    const auto parsed = rollctl::shim::parse_request(again);
    if (!parsed.body || parsed.id != request.id || parsed.body->index() != request.body->index())
      std::abort();
  }
  if (const auto message = rollctl::shim::parse_from_shim(text)) {
    const auto* reply = std::get_if<rollctl::shim::Reply>(&*message);
    if (reply != nullptr && !rollctl::shim::parse_from_shim(rollctl::shim::to_text(*reply))) std::abort();
  }
  return 0;
}
