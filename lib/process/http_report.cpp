// SPDX-License-Identifier: MIT
#include "process/http_report.h"

#include "process/json_reader.h"

namespace rollctl {

void HttpReport::add(const HttpReport& more) {
  asked += more.asked;
  left += more.left;
  silent += more.silent;
  other += more.other;
  blocking += more.blocking;
  if (problem.empty()) problem = more.problem;
}

nlohmann::json to_json(const HttpReport& report) {
  nlohmann::json result{{"asked", report.asked},
                        {"left", report.left},
                        {"silent", report.silent},
                        {"other", report.other},
                        {"blocking", report.blocking}};
  if (!report.problem.empty()) result["problem"] = bytes_to_json(report.problem);
  return result;
}

Result<HttpReport> http_report_from_json(const nlohmann::json& value) {
  JsonReader reader(value, "http report");
  HttpReport report;
  reader.get("asked", report.asked);
  reader.get("left", report.left);
  reader.get("silent", report.silent);
  reader.get("other", report.other);
  reader.get("blocking", report.blocking);
  reader.get("problem", report.problem);
  ROLL_TRY(reader.status());
  return report;
}

}  // namespace rollctl
