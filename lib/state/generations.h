// SPDX-License-Identifier: MIT
#pragma once

#include "base/acknowledgement.h"
#include "base/result.h"
#include "config/generation_spec.h"
#include "state/paths.h"

namespace rollctl {

// The kept specifications: state/APP/generations/N.json, mode 0600 (the environment may hold secrets).
// Readable at once; on the disk when that is acknowledged, which must be awaited before the generation counts
// as completed.
Result<Acknowledgement> keep_generation(const Paths& paths, const GenerationSpec& spec);

// NotFound, with a hint, where it was not kept or has been lost.
Result<GenerationSpec> load_generation(const Paths& paths, const std::string& app, int64_t generation);

}  // namespace rollctl
