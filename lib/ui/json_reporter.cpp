// SPDX-License-Identifier: MIT
#include "ui/json_reporter.h"

#include "process/event_codec.h"
#include "process/json_reader.h"
#include "state/event.h"
#include "ui/wording.h"

namespace rollctl {

using nlohmann::json;

namespace {

json error_to_json(const Error& error, int exit_status) {
  return {
      {"v", 1}, {"event", "error"}, {"exit", exit_status}, {"message", error.message}, {"hint", error.hint}};
}

std::string json_line(const json& object) {
  return json_text(object) + '\n';
}

std::string warning_text(const std::string& app, const std::string& message) {
  return json_line({{"v", 1}, {"event", "warning"}, {"app", app}, {"message", message}});
}

}  // namespace

void JsonReporter::on_event(const Event& event) {
  const std::string line = event_line(event, app_) + '\n';
  if (!is<DeployFinished>(event)) return say(line);
  ending_ = Ending::Told;
  remark();
  out_.write(line);
}

void JsonReporter::on_warning(const std::string& message) {
  say(warning_text(app_, message));
}

void JsonReporter::say(const std::string& line) {
  left_out_.offer(
      1, [&] { return out_.offer(line); },
      [&](const std::string& remark) { return out_.offer(warning_text(app_, remark)); });
}

void JsonReporter::remark() {
  if (const auto remark = left_out_.take_remark()) out_.write(warning_text(app_, *remark));
}

void JsonReporter::finish(const Verdict& verdict, int exit_status) {
  // A change that had nothing to do leaves no trace in the journal, but its caller waits for an ending.
  if (ending_ == Ending::Untold) {
    Event finished = events::deploy_finished(
        {verdict.outcome, verdict.duration, verdict.connections_cut, verdict.reason, {}, verdict.http});
    finished.generation = verdict.generation;
    finished.time = std::chrono::system_clock::now();
    on_event(finished);
  }
  remark();
  if (!is_failure(verdict)) return;
  json object = error_to_json(failure_of(verdict), exit_status);
  object["app"] = verdict.app;
  if (verdict.failed) {
    object["instance"] = verdict.failed->id;
    object["log"] = verdict.failed->last_lines;
  }
  out_.write(json_line(object));
}

void JsonReporter::error(const Error& error, int exit_status) {
  remark();
  out_.write(json_line(error_to_json(error, exit_status)));
}

}  // namespace rollctl
