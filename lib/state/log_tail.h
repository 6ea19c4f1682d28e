// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rollctl {

// The last lines of a log, oldest first, without '\n'; an unterminated last line counts. Reads at most the
// last 256 KiB. Empty for a missing file. `end`, if given, receives the offset where reading ended.
std::vector<std::string> last_lines_of(const std::string& path, size_t lines, int64_t* end = nullptr);

// The same for a text.
std::vector<std::string> last_lines_in(std::string_view text, size_t lines);

}  // namespace rollctl
