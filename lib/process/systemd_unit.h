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

// "rollctl-APP.slice". A '-' of the app is escaped: in the name of a slice it means "below", and web-api is
// not a part of web.
std::string slice_name(const std::string& app);

// What starts `SHIM_PROGRAM RUN_DIR` as `spec.unit` wants it, and ends with 0 once it was executed:
// - killing the unit signals the shim, which drains its server by its own deadline, and nobody else, so that
// a
//   server survives its shim;
// - a process that ran out of memory is the shim's affair;
// - at shutdown the unit ends before the network, and after rollctl@APP.service has drained the app;
// - what the unit's own properties made read-only, the shim may write to where its files are.
std::vector<std::string> systemd_run_command(SystemdScope scope, const std::string& shim_program,
                                             const LaunchSpec& spec);

}  // namespace rollctl
