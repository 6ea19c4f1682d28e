// SPDX-License-Identifier: MIT
// Any text as an address or a duration: if it is accepted, its text form parses to the same value.
#include "base/address.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/duration.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto address = rollctl::ListenAddress::parse(text)) {
    if (address->text != text) std::abort();
    if (address->host == rollctl::ListenAddress::Host::Ip) {
      const auto again = rollctl::ListenAddress::parse(address->endpoint.text());
      if (!again || *again != *address) std::abort();
    }
  }
  if (const auto duration = rollctl::parse_duration(text)) {
    const auto again = rollctl::parse_duration(rollctl::format_duration(*duration));
    if (!again || *again != *duration) std::abort();
    if (rollctl::human_duration(*duration).empty()) std::abort();
  }
  return 0;
}
