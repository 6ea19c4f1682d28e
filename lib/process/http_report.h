// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace rollctl {

// How the connections of a draining instance ended whose HTTP/1 clients were asked to close them ([drain]
// http).
struct HttpReport {
  size_t asked = 0;     // got a response with "Connection: close"
  size_t left = 0;      // closed before the server got its signal, asked or not
  size_t silent = 0;    // exchanged nothing for http_silence, and were open when the server got its signal
  size_t other = 0;     // no HTTP/1, or a socket that must not be touched
  size_t blocking = 0;  // passed over, because the server reads from them with blocking calls
  std::string problem = {};  // why clients could not be asked; empty: they were

  // Adds the report of another instance; keeps the first problem.
  void add(const HttpReport& more);

  bool operator==(const HttpReport&) const = default;
};

nlohmann::json to_json(const HttpReport& report);
Result<HttpReport> http_report_from_json(const nlohmann::json& value);

}  // namespace rollctl
