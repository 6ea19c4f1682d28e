// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "process/instance_record.h"
#include "state/instances.h"
#include "state/paths.h"

namespace rollctl {

// The ids that have a folder in the app's runtime folder, in ascending order. NotPermitted if other users can
// write to that folder.
Result<std::vector<InstanceId>> list_instance_folders(const Paths& paths, const std::string& app);

// Creates the folder of the app's instances, with execute permission for all: servers' users pass through it
// to their own folder. Adds the permission to an existing folder.
Status make_runtime_folder(const Paths& paths, const std::string& app);

// Claims the id: creates its folder, which must not exist, and the folder of its log. The server's user may
// pass through the folder, but not list it.
Status claim_instance_folder(const Paths& paths, const std::string& app, InstanceId id);

// Whether a shim holds the lock on the folder, silent or not. Only for a folder with a record: a shim that is
// starting would find the lock taken.
bool is_instance_claimed(const Paths& paths, const std::string& app, InstanceId id);

// Moves the folder aside, to be deleted later. Busy if a shim works in it: a shim holds a lock on its folder
// from the start. Stays: no shim works in the folder, but it cannot be moved.
enum class FolderEnd { Removed, Stays };
Result<FolderEnd> remove_instance_folder(const Paths& paths, const std::string& app, InstanceId id);

}  // namespace rollctl
