// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace rollctl {

// Reads an `env_file`, whose text the server will see. A user who can redirect the path must be able to read
// the file without rollctl; else that user could make rollctl reveal another user's file. Invalid in that
// case, and for a missing or non-regular file.
Result<std::string> read_env_file(const std::string& path);

}  // namespace rollctl
