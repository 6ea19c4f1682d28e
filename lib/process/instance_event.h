// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "process/instance_record.h"

namespace rollctl {

// The lines that shims add to the journal; event_codec.h describes them.

// instance.exited: the server ended on its own.
std::string exited_line(const InstanceRecord& record, WallTime now, const ExitStatus& exit);

// instance.restarted.
std::string restarted_line(const InstanceRecord& record, WallTime now);

// instance.draining: the end of a standby.
std::string draining_line(const InstanceRecord& record, WallTime now, size_t connections, Millis deadline);

// instance.drained: the end of a drain that no rollctl waited for. Without `exit` no server ran when the
// drain began.
std::string drained_line(const InstanceRecord& record, WallTime now, Millis after, size_t connections_cut,
                         const std::optional<ExitStatus>& exit, size_t processes_killed = 0);

}  // namespace rollctl
