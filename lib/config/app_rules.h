// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "config/app_config.h"

namespace rollctl {

// What is wrong with a configuration, and at which key.
struct RuleBreach {
  std::string key;
  Error error;  // the message stands after "KEY: "
};

// The rules that no single value shows: what is missing, what contradicts what, what does not expand.
std::optional<RuleBreach> find_breach(const AppConfig& config);

// What a server's environment may not set: a name that is none, or one that rollctl sets itself.
Status check_env_name(const std::string& name);

// What stands between "GET " and " HTTP/1.1": a blank or a line end in it would be another request.
Status check_request_path(const std::string& path);

}  // namespace rollctl
