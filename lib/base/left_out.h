// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace rollctl {

// Counts lines that a sink dropped, and says so before the next line that it takes.
class LeftOut {
 public:
  // `text` and `remark` offer a text to the sink; they return whether the sink took it.
  void offer(size_t lines, const std::function<bool()>& text,
             const std::function<bool(const std::string&)>& remark);

  // Counts lines that were not offered to the sink.
  void add(size_t lines) { lines_ += lines; }

  // "3 lines were not written: the output was blocked"; nothing if none was dropped. Resets the count.
  std::optional<std::string> take_remark();

 private:
  size_t lines_ = 0;
};

}  // namespace rollctl
