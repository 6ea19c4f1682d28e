// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace rollctl {

// What a sink has left out is said before the next that it takes.
class LeftOut {
 public:
  // `text` and `remark` offer what they stand for to the sink, and tell whether it was taken.
  void offer(size_t lines, const std::function<bool()>& text,
             const std::function<bool(const std::string&)>& remark);

  // Without asking the sink.
  void add(size_t lines) { lines_ += lines; }

  // "3 lines were not written: the output was blocked"; nothing where all were. Once.
  std::optional<std::string> take_remark();

 private:
  size_t lines_ = 0;
};

}  // namespace rollctl
