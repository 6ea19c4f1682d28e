// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rollctl::test {

// Counts connections and requests, except those of the /readyz probe, that reached a release while it was not
// ready, from the events of its stub_servers. One probe runs at a time per instance, so the request after a
// connection is the probe's; it may arrive after the server became ready, or never, if rollctl was killed.
size_t gate_breaches(const std::vector<nlohmann::json>& server_events, const std::string& release);

}  // namespace rollctl::test
