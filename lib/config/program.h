// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rollctl {

// The "#!" line of a script.
struct ScriptLine {
  std::string interpreter;
  std::string argument;  // the rest of the line, one argument for exec; may be empty
  // The line ends with a carriage return, which the kernel takes for a part of its last word.
  bool has_carriage_return = false;
};

// Nothing if the file is not a script or cannot be read.
std::optional<ScriptLine> script_line_of(const std::string& path);

// The reason why LD_PRELOAD has no effect on a program.
enum class PreloadObstacle {
  Static,        // it has no dynamic loader
  Go,            // it makes system calls without the C library
  OtherMachine,  // it is for another architecture than rollctl
  SetId,         // setuid or setgid: the loader ignores LD_PRELOAD
  Capabilities,  // file capabilities: the loader ignores LD_PRELOAD
};

// For people: "is linked statically".
std::string_view obstacle_text(PreloadObstacle obstacle);

// The obstacle of one ELF program, or nothing. Invalid if it
// is not an ELF file; an OS error if it cannot be read.
Result<std::optional<PreloadObstacle>> preload_obstacle(const std::string& path);

}  // namespace rollctl
