// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace rollctl {

// How folders go that strangers may have filled, and may be filling still: a server's user has a folder of
// its own in each run directory. Nothing there is believed: no link is followed, no mount point entered (what
// serves it may never answer), no path put together (it may be longer than any call takes), and however deep
// the folders lie, two descriptors and no stack are needed.

// Takes `folder` away from its place, at once, whatever is in it: by a rename to a name beside it that begins
// with kDiscardedPrefix. What cannot be renamed is removed where it is, as far as that goes within kInPlace.
// A missing one is fine. An error means that it is still there.
inline constexpr const char* kDiscardedPrefix = ".gone-";
inline constexpr Millis kInPlace{1000};
enum class Discarded {
  Removed,  // it was empty, or could only be removed where it was
  Aside,    // it is to be cleared
};
Result<Discarded> discard_folder(const std::string& folder);

// Removes what discard_folder() has left directly below `place`, within `patience`, in which each has its
// share. What is left then is left for another call; several processes may do this at a time.
enum class Cleared { All, InPart };
Cleared clear_discarded(const std::string& place, Millis patience);

}  // namespace rollctl
