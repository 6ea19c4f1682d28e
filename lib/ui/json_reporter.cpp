// SPDX-License-Identifier: MIT
#include "ui/json_reporter.h"

#include <nlohmann/json.hpp>

#include "process/json_reader.h"
#include "ui/wording.h"

namespace roll {

using nlohmann::json;

namespace {

json error_to_json(const Error& error, int exit_status) {
  return {
      {"v", 1}, {"event", "error"}, {"exit", exit_status}, {"message", error.message}, {"hint", error.hint}};
}

}  // namespace

void JsonReporter::on_event(const Event& event) {
  if (event.name == "deploy.finished") ending_ = Ending::Told;
  write(event_to_json(event, app_));
}

void JsonReporter::on_warning(const std::string& message) {
  write({{"v", 1}, {"event", "warning"}, {"app", app_}, {"message", message}});
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
  write(error_to_json(error, exit_status));
}

void JsonReporter::write(const json& object) {
  out_.write(json_text(object) + '\n');
}

}  // namespace roll
