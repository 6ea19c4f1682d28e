// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "config/app_config.h"
#include "config/environment.h"

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
  // The variables of its env_file as they were when it was deployed. Nothing: each start reads the file,
  // whose path differs for each instance, or which an older rollctl did not keep.
  std::optional<Environment> env_file = {};
};

nlohmann::json to_json(const GenerationSpec& spec);
Result<GenerationSpec> generation_spec_from_json(const nlohmann::json& json);

// Whether both start the same servers. Ignores generation numbers, `files` and the path of the app file.
// An env_file that one of them did not keep counts as the same.
bool same_specification(const GenerationSpec& one, const GenerationSpec& other);

}  // namespace rollctl
