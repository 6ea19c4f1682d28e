// SPDX-License-Identifier: MIT
#include "ui/json_reporter.h"

#include <nlohmann/json.hpp>

#include "process/json_reader.h"
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

}  // namespace

void JsonReporter::on_event(const Event& event) {
  const json object = event_to_json(event, app_);
  if (event.name != "deploy.finished") return say(object);
  ending_ = Ending::Told;
  remark();
  write(object);
}

void JsonReporter::on_warning(const std::string& message) {
  say(warning(message));
}

json JsonReporter::warning(const std::string& message) const {
  return {{"v", 1}, {"event", "warning"}, {"app", app_}, {"message", message}};
}

void JsonReporter::say(const json& object) {
  left_out_.offer(
      1, [&] { return out_.offer(json_line(object)); },
      [&](const std::string& remark) { return out_.offer(json_line(warning(remark))); });
}

void JsonReporter::remark() {
  if (const auto remark = left_out_.take_remark()) write(warning(*remark));
}

void JsonReporter::finish(const Verdict& verdict, int exit_status) {
  // A change that had nothing to do leaves no trace in the journal, but its caller waits for an ending.
  if (ending_ == Ending::Untold) {
    Event finished =
        events::deploy_finished({verdict.outcome, verdict.duration, verdict.connections_cut, verdict.reason});
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
  write(object);
}

void JsonReporter::error(const Error& error, int exit_status) {
  remark();
  write(error_to_json(error, exit_status));
}

void JsonReporter::write(const json& object) {
  out_.write(json_line(object));
}

}  // namespace rollctl
