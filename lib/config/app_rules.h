// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "config/app_config.h"

namespace rollctl {

// A violated rule and its key.
struct RuleBreach {
  std::string key;
  Error error;  // its message follows "KEY: "
};

// Checks rules across keys: missing keys, contradictions, placeholders. Returns the first breach.
std::optional<RuleBreach> find_breach(const AppConfig& config);

// Invalid where steps follow one another without a time between them; the message follows "KEY ".
Status check_canary_steps(const std::vector<double>& canary, Millis bake);

// Invalid for a malformed name and for a variable that rollctl sets itself.
Status check_env_name(const std::string& name);

// Invalid for a path with blanks or newlines: these would change the HTTP request.
Status check_request_path(const std::string& path);

// A name for the Host header, with or without a port.
Status check_host(const std::string& host);

// The value of a header of a request.
Status check_header_value(const std::string& value);

}  // namespace rollctl
