// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"

namespace rollctl::stub {

// What is done with a request that is not for /readyz.
enum class Answer {
  Good,
  Error,       // status 500
  Excess,      // more than the promised body
  Short,       // half of the promised body, then the end of the connection
  Garbage,     // not HTTP
  Unanswered,  // the connection ends
  Reset,       // the connection is reset
  Never,       // nothing happens
};

enum class Accepting {
  Yes,
  Never,       // listens, accepts nothing
  AndClosing,  // accepts and closes at once
};

enum class NotifyWay {
  Normal,
  Silent,     // opens the socket and closes it, says nothing
  FromChild,  // a child process sends what is to be said
};

// What this server does, good or bad; a default one behaves well. Filled by the table in behaviours.cpp.
struct Plan {
  std::vector<ListenAddress> listen;
  std::string events_path;  // empty: none

  // Starting.
  std::optional<int> exit_at_once;
  std::optional<int> signal_at_once;
  uint64_t log_bytes = 0;
  bool daemonize = false;
  bool hides = false;  // is not dumpable
  bool double_forks = false;
  unsigned workers = 0;  // 0: serves itself

  std::optional<Millis> recycled_after;  // a worker: it drains, and another takes its place

  // Listening.
  bool listens = true;
  Millis listen_after{0};
  bool reuse_port = true;
  bool only_first_address = false;
  bool only_ipv6 = false;
  bool inherits = false;
  bool waits_for_gate = false;
  int backlog = 1024;
  std::optional<Millis> reopens_after;   // SIGHUP, which closes them
  std::optional<Millis> fails_to_start;  // busy for so long after it listens, then ends
  Accepting accepting = Accepting::Yes;

  // Readiness.
  bool becomes_ready = true;
  Millis ready_after{0};
  std::optional<Millis> unready_after;
  std::optional<Millis> exit_after;  // counted from ready, as the next ones
  int exit_after_code = 1;
  std::optional<Millis> abort_after;
  NotifyWay notify_way = NotifyWay::Normal;
  std::string status_text;

  // Answering.
  Answer answer = Answer::Good;
  Millis answer_after{0};
  uint64_t bytes_per_second = 0;  // of bodies; 0: no limit

  // Ending.
  bool ignores_end = false;
  bool ends_at_once = false;
  std::optional<int> end_signal;  // drains on this one; SIGTERM then cuts
  Millis drain_takes{0};
  int exit_code_on_end = 0;
};

// "NAME" or "NAME=ARG". Invalid, with the nearest help, for an unknown name or a bad argument.
Status apply_behaviour(Plan& plan, std::string_view text);

// The table of behaviours, for --help.
std::string describe_behaviours();

}  // namespace rollctl::stub
