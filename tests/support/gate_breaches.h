// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rollctl::test {

// How many connections and requests other than those of the probe of /readyz reached a release while it was
// not ready, by the events of its stub_servers. One probe asks an instance at a time, so the request after a
// connection is that probe's; it may come when the server has become ready, and not at all when rollctl was
// killed in between.
size_t gate_breaches(const std::vector<nlohmann::json>& server_events, const std::string& release);

}  // namespace rollctl::test
