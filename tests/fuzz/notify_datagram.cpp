// SPDX-License-Identifier: MIT
// Any datagram to $NOTIFY_SOCKET: the status text is safe for a terminal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "supervise/notify_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = rollctl::parse_notify(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!message.status) return 0;
  const std::string& status = *message.status;
  if (status.size() > rollctl::kMaxStatusText) std::abort();
  for (std::size_t i = 0; i < status.size(); ++i) {
    const auto byte = static_cast<unsigned char>(status[i]);
    const bool is_c1 = i > 0 && status[i - 1] == '\xC2' && byte >= 0x80 && byte < 0xA0;
    if (byte < 0x20 || byte == 0x7F || is_c1) std::abort();
  }
  return 0;
}
