// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace rollctl {

// The text of an `env_file`, which its server gets to read. Whoever can decide what stands at that path,
// because a folder on its way is his, must be able to read the file by himself: else he could have rollctl
// hand him the file of another. Invalid for that, for what is no regular file, and for a file that is not
// there.
Result<std::string> read_env_file(const std::string& path);

}  // namespace rollctl
