// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "process/instance_record.h"
#include "state/instances.h"
#include "state/paths.h"

namespace rollctl {

// The ids that have a folder below the app's runtime folder, in order. Empty where there is none.
// NotPermitted where others could have put there what they want to be believed.
Result<std::vector<InstanceId>> list_instance_folders(const Paths& paths, const std::string& app);

// Makes the folder of the app's instances. The servers' users may pass through, to the folder that is their
// own: also where a folder that is there has kept them out.
Status make_runtime_folder(const Paths& paths, const std::string& app);

// Claims the id: makes its folder, which must not exist, and the folders of its log. The server's user may
// pass through, and see nothing.
Status claim_instance_folder(const Paths& paths, const std::string& app, InstanceId id);

// Whether a shim works in its folder, however little it answers. Not to be asked about a folder without a
// record: a shim that starts there would find the lock taken.
bool is_instance_claimed(const Paths& paths, const std::string& app, InstanceId id);

// Takes the folder away, to be cleared later, unless a shim works in it: that holds a lock on it from its
// first moment on. Busy then. One that stays has no shim in it, but cannot be moved.
enum class FolderEnd { Removed, Stays };
Result<FolderEnd> remove_instance_folder(const Paths& paths, const std::string& app, InstanceId id);

}  // namespace rollctl
