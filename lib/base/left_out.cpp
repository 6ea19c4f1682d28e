// SPDX-License-Identifier: MIT
#include "base/left_out.h"

#include <fmt/format.h>

#include <utility>

namespace rollctl {

namespace {

std::string remark_on(size_t lines) {
  return fmt::format("{} not written: the output was blocked",
                     lines == 1 ? "1 line was" : fmt::format("{} lines were", lines));
}

}  // namespace

void LeftOut::offer(size_t lines, const std::function<bool()>& text,
                    const std::function<bool(const std::string&)>& remark) {
  if (lines_ > 0 && remark(remark_on(lines_))) lines_ = 0;
  if (lines_ > 0 || !text()) lines_ += lines;
}

std::optional<std::string> LeftOut::take_remark() {
  if (lines_ == 0) return std::nullopt;
  return remark_on(std::exchange(lines_, 0));
}

}  // namespace rollctl
