// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/caller.h"
#include "base/clock.h"
#include "base/result.h"
#include "state/paths.h"

namespace rollctl {

// An app that is not to change for the time being; see `rollctl freeze`.
struct Freeze {
  std::string reason;
  Caller caller;
  WallTime since;
};

// The member `frozen` of `status --json`.
nlohmann::json to_json(const Freeze& freeze);

// Durable, in state/APP/frozen.json. Replaces an earlier one.
Status keep_freeze(const Paths& paths, const std::string& app, const Freeze& freeze);

// Nothing if the app is not frozen. An error if the file is there and cannot be read: then it may be.
Result<std::optional<Freeze>> read_freeze(const Paths& paths, const std::string& app);

// False if the app was not frozen.
Result<bool> end_freeze(const Paths& paths, const std::string& app);

// Busy, with the reason, if the app is frozen.
Status check_not_frozen(const Paths& paths, const std::string& app);

}  // namespace rollctl
