// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace roll {

// The media type for a file of this name, by its extension in any case; "application/octet-stream" if
// unknown. Text types name UTF-8 as their character set.
std::string_view mime_type(std::string_view file_name);

}  // namespace roll
