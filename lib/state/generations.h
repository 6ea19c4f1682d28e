// SPDX-License-Identifier: MIT
#pragma once

#include "base/acknowledgement.h"
#include "base/result.h"
#include "config/generation_spec.h"
#include "state/paths.h"

namespace rollctl {

// Keeps the specification of a generation in state/APP/generations/N.json, mode 0600 (the environment may
// hold secrets). It can be read at once, and is on the disk when acknowledged. Await that before recording
// the generation as completed.
Result<Acknowledgement> keep_generation(const Paths& paths, const GenerationSpec& spec);

// NotFound, with a hint, if the specification was never kept or was lost.
Result<GenerationSpec> load_generation(const Paths& paths, const std::string& app, int64_t generation);

}  // namespace rollctl
