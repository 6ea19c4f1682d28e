// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "app/app_source.h"
#include "config/generation_spec.h"
#include "state/history.h"

namespace rollctl {

// The specification with which one-off programs of a release run: what its generation keeps if it serves,
// else what the app file makes of it. An empty release: the one that serves; Invalid if none was deployed.
Result<GenerationSpec> spec_for_run(const Paths& paths, const AppName& app, const std::string& release);

// What a deploy of that release would run by the app file as it is now. An empty release: the one that
// serves. Invalid if none was deployed.
Result<GenerationSpec> spec_for_deploy(const Paths& paths, const AppName& app, const History& history,
                                       const std::string& release);

}  // namespace rollctl
