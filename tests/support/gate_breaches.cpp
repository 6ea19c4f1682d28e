// SPDX-License-Identifier: MIT
#include "support/gate_breaches.h"

#include <set>

namespace rollctl::test {

using nlohmann::json;

size_t gate_breaches(const std::vector<json>& server_events, const std::string& release) {
  std::set<std::string> connected;  // instances, until their next request
  size_t breaches = 0;
  for (const json& event : server_events) {
    if (event["release"] != release) continue;
    const std::string instance = event["instance"];
    if (event["event"] == "accept" && event["ready"] == false) {
      if (!connected.insert(instance).second) ++breaches;
    } else if (event["event"] == "request") {
      const bool is_gated = connected.erase(instance) > 0 || event["ready"] == false;
      if (is_gated && event["detail"] != "/readyz") ++breaches;
    }
  }
  return breaches;
}

}  // namespace rollctl::test
