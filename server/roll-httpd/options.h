// SPDX-License-Identifier: MIT
// The command line of roll-httpd.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace roll {

struct HttpdOptions {
  std::vector<std::string> listen;
  std::string root = ".";
  std::vector<std::string> index;
  std::string release;     // empty: no X-Release header
  std::string access_log;  // empty: none, "-": standard output
  std::chrono::milliseconds keep_alive{75'000};
  std::chrono::milliseconds drain_grace{5'000};
  std::chrono::milliseconds head_timeout{10'000};
  std::chrono::milliseconds body_timeout{10'000};
  std::uint64_t max_connections = 10'000;         // 0: no limit
  std::uint64_t max_connections_per_address = 0;  // 0: no limit
  std::chrono::milliseconds ready_after{0};
  std::uint64_t rate = 0;  // bytes per second and connection, 0: no limit
};

// An exit instead of serving: the text to print (help and version on standard output, a usage error on
// standard error), and the exit status.
struct EarlyExit {
  int status = 0;
  std::string text;
};

std::variant<HttpdOptions, EarlyExit> parse_options(int argc, const char* const* argv);

}  // namespace roll
