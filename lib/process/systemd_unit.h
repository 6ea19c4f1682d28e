// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "process/launch_spec.h"
#include "process/systemd_manager.h"

namespace rollctl {

// Names and properties of the transient units that shims run in. Sources: systemd.kill(5),
// systemd.service(5), systemd.slice(5), systemd-run(1), of systemd 252.

// "rollctl-APP-ID.service"
std::string unit_name(const std::string& app, InstanceId instance);

// "rollctl-APP.slice". A '-' in the app's name is escaped: in a slice's name it means "below", but web-api is
// not a part of web.
std::string slice_name(const std::string& app);

// The command that starts `SHIM_PROGRAM RUN_DIR` in the unit, and exits with 0 once the shim was executed.
// - Stopping the unit signals the shim alone, which drains its server by its own deadline. A server survives
//   its shim.
// - A process that runs out of memory does not end the unit: the shim handles it.
// - At shutdown the unit stops before the network, and after rollctl@APP.service has drained the app.
// - The shim can write its files even where `spec.unit` makes the file system read-only.
std::vector<std::string> systemd_run_command(SystemdScope scope, const std::string& shim_program,
                                             const LaunchSpec& spec);

}  // namespace rollctl
