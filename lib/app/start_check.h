// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "app/resolved_launcher.h"
#include "config/generation_spec.h"
#include "state/paths.h"

namespace rollctl {

// Whether this host has everything that a start needs, looked up without starting anything.
struct StartCheck {
  std::optional<ResolvedLauncher> launcher;  // nothing: a finding says why
  std::vector<Error> findings;               // empty: nothing is wrong
};

// The launcher, and libroll-preload.so where the app wants it.
StartCheck check_means(const Paths& paths, const AppConfig& config);

// These, and the server's program, folders and user: check_against_host().
StartCheck check_start(const Paths& paths, const GenerationSpec& spec);

}  // namespace rollctl
