// SPDX-License-Identifier: MIT
// Any answer to a probe, cut into any packets: the same result.
#include "probe/http_answer.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using State = rollctl::HttpAnswer::State;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  rollctl::HttpAnswer whole;
  whole.take(bytes);
  whole.end();

  rollctl::HttpAnswer pieces;
  for (char byte : bytes) pieces.take(std::string_view(&byte, 1));
  pieces.end();

  if (whole.state() != pieces.state() || whole.status() != pieces.status()) std::abort();
  if (whole.state() == State::NeedsMore) std::abort();
  if (whole.state() == State::Complete && (whole.status() < 100 || whole.status() > 999)) std::abort();
  if (whole.state() == State::Malformed && whole.problem().empty()) std::abort();
  return 0;
}
