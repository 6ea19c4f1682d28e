// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "config/app_config.h"

namespace rollctl {

// The specification of one generation. It is kept, so that a rollback starts exactly what ran then, even if
// the app file has changed since.
struct GenerationSpec {
  std::string app;
  std::string release;
  int64_t generation = 0;
  AppConfig config;
  // The files that its command names, and which they were when it was deployed; see pin_release().
  std::map<std::string, std::string> files = {};
};

nlohmann::json to_json(const GenerationSpec& spec);
Result<GenerationSpec> generation_spec_from_json(const nlohmann::json& json);

// Whether both start the same servers. Ignores generation numbers, `files` and the path of the app file.
bool same_specification(const GenerationSpec& one, const GenerationSpec& other);

}  // namespace rollctl
