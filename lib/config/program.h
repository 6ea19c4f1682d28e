// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rollctl {

// The first line of a script, without "#!".
struct ScriptLine {
  std::string interpreter;
  std::string argument;  // all that stands behind it, as exec passes it; may be empty
};

// Nothing where the file is no script or cannot be read.
std::optional<ScriptLine> script_line_of(const std::string& path);

// What keeps the dynamic loader from taking a preloaded library into a program, or the library from having
// any effect there.
enum class PreloadObstacle {
  Static,        // no dynamic loader has a part in it
  Go,            // makes its system calls itself, past the C library
  OtherMachine,  // of another architecture than this program
  SetId,         // setuid or setgid: the loader ignores what the environment says
  Capabilities,  // file capabilities: the same
};

// For people: "is linked statically".
std::string_view obstacle_text(PreloadObstacle obstacle);

// Of one ELF program; nothing where there is none. Invalid for what is no ELF file, an OS error for what
// cannot be read.
Result<std::optional<PreloadObstacle>> preload_obstacle(const std::string& path);

}  // namespace rollctl
