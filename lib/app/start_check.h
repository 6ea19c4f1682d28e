// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "app/resolved_launcher.h"
#include "config/generation_spec.h"
#include "state/paths.h"

namespace rollctl {

// Whether this host has what a start needs; found without starting anything.
struct StartCheck {
  std::optional<ResolvedLauncher> launcher;  // empty if a finding says why
  std::vector<Error> findings;               // empty if all is well
};

// Checks the launcher, the kernel's list of sockets, and libroll-preload.so if the app uses it.
StartCheck check_means(const Paths& paths, const AppConfig& config);

// Whether the listeners of this app's servers can be taken, as steering them needs: NotPermitted or
// Unsupported with the reason and a hint. The shims have those that a server inherits.
Status check_taking(const AppConfig& config);

// Checks these, the server's program, folders and user (check_launch()), and whether clients can be asked to
// leave where the app wants that.
StartCheck check_start(const Paths& paths, const GenerationSpec& spec);

}  // namespace rollctl
