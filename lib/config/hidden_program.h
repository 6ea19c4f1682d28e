// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

#include "process/launch_spec.h"

namespace rollctl {

// Whether the mode lets that user read or execute the file, or enter the folder. Ignores access lists.
enum class FileUse { Read, Execute };
bool mode_allows(const Credentials& who, const struct stat& file, FileUse use);

// The reason why a user's process that has executed a program is not dumpable: then nobody may look at its
// descriptors without CAP_SYS_PTRACE.
enum class Hiding {
  Unreadable,    // its user may execute but not read it
  SetId,         // setuid or setgid
  Capabilities,  // file capabilities
};

// For people: "has file capabilities".
std::string_view hiding_text(Hiding hiding);

// Nothing for a program that can be looked at, and where the file cannot be examined.
std::optional<Hiding> hiding_of(const std::string& path, const Credentials& who);

}  // namespace rollctl
