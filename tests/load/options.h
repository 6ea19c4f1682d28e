// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/clock.h"

namespace rollctl::load {

struct Options {
  std::vector<Endpoint> targets;  // clients take turns at them
  unsigned connect_clients = 0;
  unsigned keepalive_clients = 0;
  std::string path = "/";
  uint64_t body = 0;            // bytes that each client posts; 0: it only gets
  std::string words;            // what each request sends instead of HTTP; empty: HTTP
  std::string expected_answer;  // bytes that complete the answer to `words`
  Millis pause{0};              // before the last byte of a request
  Millis think{0};              // of a keep-alive client, between an answer and its next request

  std::vector<std::string> downloads;  // paths, one client each
  uint64_t download_rate = 0;          // bytes a second that each takes off the wire; 0: no limit
  std::string expected_sha256;         // empty: any
  bool repeat_downloads = false;       // as parsed from a flag

  // What ends the run, whichever comes first; it ends also when nothing is left to do.
  std::optional<Millis> duration;
  std::optional<uint64_t> requests;
  bool reads_stdin = false;  // commands, and the end at EOF

  Millis timeout{30000};  // of a request; of a download: without a byte
  unsigned source_addresses = 32;
  std::optional<Millis> report_every;
  bool json = false;
};

// The options, or the exit status of a run that is over already: --help was printed (0), or what is wrong
// (2).
std::variant<Options, int> parse_options(int argc, char** argv);

}  // namespace rollctl::load
