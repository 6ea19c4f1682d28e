// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace rollctl {

// Removes folders that untrusted users may be filling: the server's user owns a folder in each run directory.
// Follows no link, enters no mount point (its server may not answer), builds no path (it may exceed
// PATH_MAX), and needs two descriptors and constant stack at any depth.

// Discards `folder` at once: renames it to a sibling whose name starts with
// kDiscardedPrefix. A folder that cannot be renamed is removed in place, for
// at most kInPlace. A missing folder is fine. On an error it is still there.
inline constexpr const char* kDiscardedPrefix = ".gone-";
inline constexpr Millis kInPlace{1000};
enum class Discarded {
  Removed,  // it was empty, or was removed in place
  Aside,    // it was renamed; clear_discarded() removes it
};
Result<Discarded> discard_folder(const std::string& folder);

// Removes the renamed folders directly below `place`, for at most `patience` in total, shared among them. A
// later call removes the rest. Several processes may call it at the same time.
enum class Cleared { All, InPart };
Cleared clear_discarded(const std::string& place, Millis patience);

}  // namespace rollctl
