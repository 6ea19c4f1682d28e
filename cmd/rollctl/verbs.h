// SPDX-License-Identifier: MIT
#pragma once

#include "rollctl/command_line.h"
#include "rollctl/context.h"

namespace roll {

// The commands, each in a file of its name. They return the exit status.
int run_deploy(Context& context, const CommandLine& line);
int run_restart(Context& context, const CommandLine& line);
int run_rollback(Context& context, const CommandLine& line);
int run_scale(Context& context, const CommandLine& line);
int run_start(Context& context, const CommandLine& line);
int run_stop(Context& context, const CommandLine& line);
int run_remove(Context& context, const CommandLine& line);
int run_promote(Context& context, const CommandLine& line);
int run_abort(Context& context, const CommandLine& line);
int run_status(Context& context, const CommandLine& line);
int run_history(Context& context, const CommandLine& line);
int run_logs(Context& context, const CommandLine& line);
int run_check(Context& context, const CommandLine& line);
int run_doctor(Context& context, const CommandLine& line);
int run_recover(Context& context, const CommandLine& line);
int run_complete(Context& context, const CommandLine& line);

}  // namespace roll
