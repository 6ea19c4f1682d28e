// SPDX-License-Identifier: MIT
#include "process/instance_event.h"

#include "process/json_reader.h"

namespace rollctl {

namespace {

// Put together by hand: a JSON object of the library sorts its members, and people read the journal too.
std::string opening(const InstanceRecord& record, WallTime now, const char* event) {
  return R"({"v":1,"time":")" + format_time(now) + R"(","app":)" + json_text(record.app) +
         R"(,"generation":)" + std::to_string(record.generation) + R"(,"event":")" + event + R"(","id":)" +
         std::to_string(record.id);
}

}  // namespace

std::string exited_line(const InstanceRecord& record, WallTime now, const ExitStatus& exit) {
  return opening(record, now, "instance.exited") + R"(,"exit":)" + json_text(to_json(exit)) + "}";
}

std::string restarted_line(const InstanceRecord& record, WallTime now) {
  return opening(record, now, "instance.restarted") + R"(,"pid":)" + std::to_string(record.server.pid) + "}";
}

std::string draining_line(const InstanceRecord& record, WallTime now, size_t connections, Millis deadline) {
  return opening(record, now, "instance.draining") + R"(,"connections":)" + std::to_string(connections) +
         R"(,"deadline_ms":)" + std::to_string(deadline.count()) + "}";
}

std::string drained_line(const InstanceRecord& record, WallTime now, Millis after, size_t connections_cut,
                         const std::optional<ExitStatus>& exit) {
  return opening(record, now, "instance.drained") + R"(,"after_ms":)" + std::to_string(after.count()) +
         R"(,"connections_cut":)" + std::to_string(connections_cut) + R"(,"exit":)" +
         (exit ? json_text(to_json(*exit)) : "null") + "}";
}

}  // namespace rollctl
