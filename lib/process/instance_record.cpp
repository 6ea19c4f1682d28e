// SPDX-License-Identifier: MIT
#include "process/instance_record.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/own_file.h"
#include "process/json_reader.h"

namespace rollctl {

using nlohmann::json;

namespace {

constexpr std::pair<InstanceState, const char*> kStates[] = {
    {InstanceState::Starting, "starting"},     {InstanceState::Ready, "ready"},
    {InstanceState::Serving, "serving"},       {InstanceState::Canary, "canary"},
    {InstanceState::Standby, "standby"},       {InstanceState::Settling, "settling"},
    {InstanceState::Draining, "draining"},     {InstanceState::Stopped, "stopped"},
    {InstanceState::Restarting, "restarting"}, {InstanceState::Failed, "failed"},
};

json to_json(const ProcessId& process) {
  return {{"pid", process.pid}, {"start_ticks", process.start_ticks}, {"boot_id", process.boot_id}};
}

constexpr const char* kDrainDeadline = "drain_deadline_monotonic_ms";
constexpr const char* kStandbyUntil = "standby_until_monotonic_ms";

Status read_process(const JsonReader& reader, const char* name, ProcessId& target) {
  const json* member = reader.find(name);
  if (member == nullptr) return {};
  JsonReader fields(*member, std::string("instance record: ") + name);
  fields.get("pid", target.pid);
  fields.get("start_ticks", target.start_ticks);
  fields.get("boot_id", target.boot_id);
  return fields.status();
}

}  // namespace

const char* instance_state_name(InstanceState state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  return "failed";
}

Result<InstanceState> parse_instance_state(const std::string& name) {
  for (const auto& [value, text] : kStates) {
    if (name == text) return value;
  }
  return fail(ErrorKind::Invalid, "unknown instance state '" + name + "'");
}

std::string ExitStatus::text() const {
  if (signal) return "was killed by " + signal_name(*signal);
  return "exited with " + std::to_string(code.value_or(0));
}

json to_json(const ExitStatus& status) {
  if (status.signal) return {{"signal", signal_name(*status.signal)}};
  return {{"code", status.code.value_or(0)}};
}

Result<ExitStatus> exit_status_from_json(const json& value) {
  JsonReader reader(value, "exit status");
  ExitStatus status;
  if (reader.find("signal") != nullptr) {
    std::string name;
    reader.get("signal", name);
    const auto signal = parse_signal(name);
    if (!signal) return fail(signal.error());
    status.signal = *signal;
  } else {
    if (reader.find("code") == nullptr) reader.complain("code", "a whole number in range");
    int code = 0;
    reader.get("code", code);
    status.code = code;
  }
  if (Status read = reader.status(); !read) return fail(read.error());
  return status;
}

json summary_to_json(const InstanceRecord& record) {
  json result{
      {"v", 1},
      {"id", record.id},
      {"app", record.app},
      {"release", record.release},
      {"generation", record.generation},
      {"state", instance_state_name(record.state)},
      {"weight", record.weight},
      {"shim", to_json(record.shim)},
      {"server", to_json(record.server)},
      {"started", format_time(record.started)},
      {"restarts", record.restarts},
      {"status", bytes_to_json(record.status)},
      {"notified_ready", record.notified_ready},
  };
  if (record.ready_after) result["ready_after_ms"] = record.ready_after->count();
  if (record.drain_deadline) result[kDrainDeadline] = monotonic_ms(*record.drain_deadline);
  if (record.standby_until) result[kStandbyUntil] = monotonic_ms(*record.standby_until);
  if (record.exit) result["exit"] = to_json(*record.exit);
  if (!record.reason.empty()) result["reason"] = bytes_to_json(record.reason);
  if (record.tells_all) result["tells_all"] = true;
  if (record.asks_http) result["asks_http"] = true;
  if (record.http) result["http"] = to_json(*record.http);
  return result;
}

json to_json(const InstanceRecord& record) {
  json result = summary_to_json(record);
  result["spec"] = to_json(record.spec);
  return result;
}

Result<InstanceRecord> instance_record_from_json(const json& value) {
  JsonReader reader(value, "instance record");
  InstanceRecord record;
  std::string state = instance_state_name(record.state);
  reader.get("id", record.id);
  reader.get("app", record.app);
  reader.get("release", record.release);
  reader.get("generation", record.generation);
  reader.get("state", state);
  reader.get("weight", record.weight);
  reader.get("started", record.started);
  reader.get("restarts", record.restarts);
  reader.get("status", record.status);
  reader.get("notified_ready", record.notified_ready);
  reader.get("reason", record.reason);
  reader.get("tells_all", record.tells_all);
  reader.get("asks_http", record.asks_http);
  if (const json* http = reader.find("http")) {
    auto report = http_report_from_json(*http);
    if (!report) return fail(report.error());
    record.http = std::move(*report);
  }
  if (reader.find("ready_after_ms") != nullptr) reader.get("ready_after_ms", record.ready_after.emplace());
  if (reader.find(kDrainDeadline) != nullptr) reader.get(kDrainDeadline, record.drain_deadline.emplace());
  if (reader.find(kStandbyUntil) != nullptr) reader.get(kStandbyUntil, record.standby_until.emplace());
  if (Status read = read_process(reader, "shim", record.shim); !read) return fail(read.error());
  if (Status read = read_process(reader, "server", record.server); !read) return fail(read.error());
  if (const json* exit = reader.find("exit")) {
    auto status = exit_status_from_json(*exit);
    if (!status) return fail(status.error());
    record.exit = *status;
  }
  if (const json* spec = reader.find("spec")) {
    auto parsed = launch_spec_from_json(*spec);
    if (!parsed) return fail(parsed.error());
    record.spec = std::move(*parsed);
  }
  const auto parsed_state = parse_instance_state(state);
  if (!parsed_state) return fail(parsed_state.error());
  record.state = *parsed_state;
  if (Status read = reader.status(); !read) return fail(read.error());
  return record;
}

Status write_instance_record(const std::string& run_dir, const InstanceRecord& record) {
  return write_file_atomically(run_dir + "/" + kInstanceFile, json_text(to_json(record)), 0600);
}

Result<InstanceRecord> read_instance_record(const std::string& run_dir) {
  const std::string path = run_dir + "/" + kInstanceFile;
  const auto text = read_own_file(path);
  if (!text) return fail(text.error());
  const auto value = parse_json_object(*text, path);
  if (!value) return fail(value.error());
  auto record = instance_record_from_json(*value);
  if (!record) return fail(with_context(record.error(), path));
  return record;
}

Result<bool> has_instance_record(const std::string& run_dir) {
  const std::string path = run_dir + "/" + kInstanceFile;
  if (::access(path.c_str(), F_OK) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return fail(last_os_failure("cannot look for " + path));
}

}  // namespace rollctl
