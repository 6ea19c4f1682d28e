// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "load/ledger.h"

namespace rollctl::load {

// The books as one line of JSON, without '\n':
//   {"v":1,"event":"final","elapsed_ms":…,"ok":true,"sent":…,"answered":…,"failed":…,"outstanding":…,
//    "unsolicited":…,"releases":{"v1":…},"statuses":{"200":…},"failures":{KIND:…},
//    "latency_ms":{"p50":…,"p99":…,"p99.9":…,"max":…},
//    "connections":{"opened":…,"reset_after_answer":…,"left_to_client":…},
//    "modes":{"connect":{…},"keepalive":{…},"download":{…}},
//    "downloads":[{"path":…,"state":"complete","bytes":…,"sha256":…,"release":…,"failure":…,"took_ms":…}],
//    "first_failures":[{"time":…,"mode":…,"kind":…,"source":…}]}
// The counts at the top are of all modes, the latencies of all but downloads. `event` is progress, snapshot,
// reached, unknown_command or final; `ok` (Ledger::is_clean) stands in the final one only.
std::string json_report(std::string_view event, const Ledger& ledger, Millis elapsed);

// The same for people, some lines.
std::string text_report(const Ledger& ledger, Millis elapsed);

}  // namespace rollctl::load
