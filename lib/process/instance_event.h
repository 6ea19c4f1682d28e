// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "process/instance_record.h"

namespace rollctl {

// The lines that shims add to the journal: one JSON object each, without the '\n', with `v`, `time`, `app`,
// `generation`, `event`, `id` and what the event has of its own.

// instance.exited {id, exit}: the server ended unasked.
std::string exited_line(const InstanceRecord& record, WallTime now, const ExitStatus& exit);

// instance.restarted {id, pid}.
std::string restarted_line(const InstanceRecord& record, WallTime now);

// instance.draining {id, connections, deadline_ms}: the end of a standby.
std::string draining_line(const InstanceRecord& record, WallTime now, size_t connections, Millis deadline);

// instance.drained {id, after_ms, connections_cut, exit}: the end of a drain that no rollctl waited for.
// Without an exit no server ran any more when the drain began.
std::string drained_line(const InstanceRecord& record, WallTime now, Millis after, size_t connections_cut,
                         const std::optional<ExitStatus>& exit);

}  // namespace rollctl
