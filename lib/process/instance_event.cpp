// SPDX-License-Identifier: MIT
#include "process/instance_event.h"

#include <utility>

#include "process/event_codec.h"

namespace rollctl {

namespace {

std::string line_of(const InstanceRecord& record, WallTime now, EventBody body) {
  return event_line({std::move(body), record.generation, now}, record.app, MemberOrder::FrameFirst);
}

}  // namespace

std::string exited_line(const InstanceRecord& record, WallTime now, const ExitStatus& exit) {
  return line_of(record, now, InstanceExited{record.id, exit});
}

std::string restarted_line(const InstanceRecord& record, WallTime now) {
  return line_of(record, now, InstanceRestarted{record.id, record.server.pid});
}

std::string draining_line(const InstanceRecord& record, WallTime now, size_t connections, Millis deadline) {
  return line_of(record, now, InstanceDraining{record.id, connections, deadline});
}

std::string drained_line(const InstanceRecord& record, WallTime now, Millis after, size_t connections_cut,
                         const std::optional<ExitStatus>& exit, size_t processes_killed) {
  return line_of(record, now,
                 InstanceDrained{record.id, after, connections_cut, exit, processes_killed, record.http});
}

}  // namespace rollctl
