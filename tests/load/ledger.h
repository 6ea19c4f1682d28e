// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "load/histogram.h"

namespace rollctl::load {

// What kind of client sent a request.
enum class Mode { Connect, KeepAlive, Download };
constexpr std::array kModes = {Mode::Connect, Mode::KeepAlive, Mode::Download};
std::string_view mode_name(Mode mode);  // "connect", "keepalive", "download"

// What became of the requests of one mode. Each request that was sent ends as answered or as failed, once;
// what is neither yet is outstanding. A request whose connection could not be opened was sent and failed.
struct Tally {
  uint64_t sent = 0;
  uint64_t answered = 0;  // a complete answer with a status from 200 to 399
  uint64_t failed = 0;
  std::map<std::string, uint64_t> releases;  // of the answered ones, by X-Release; "" where it was missing
  std::map<int, uint64_t> statuses;          // of all complete answers
  std::map<std::string, uint64_t> failures;  // by kind; sums up to `failed`
  Histogram latency;                         // of the answered ones, from before connect() on

  void add(const Tally& other);
};

struct ConnectionCounts {
  uint64_t opened = 0;              // connect() succeeded
  uint64_t reset_after_answer = 0;  // harmless: nothing was outstanding
  uint64_t left_to_client = 0;  // the server did not close after its last answer; the client did in the end
};

// One failure, to be laid beside a journal.
struct FailureRecord {
  WallTime time;
  Mode mode = Mode::Connect;
  std::string kind;
  std::string source;  // the client's end point, where it had one
};

struct DownloadRecord {
  enum class State { Running, Complete, Failed };

  std::string path;
  State state = State::Running;
  uint64_t bytes = 0;
  std::string sha256;  // of a complete one, in hexadecimal
  std::string release;
  std::string failure;  // its kind
  Millis took{0};
};

// The books of a run. Kinds of failures:
//   connect_ERRNO, socket_ERRNO      no connection came to be
//   reset_before_answer, reset_in_answer, eof_before_answer, short_head, short_body
//   malformed_answer, status_NNN, timeout, wrong_checksum, unfinished (given up at the end)
//   ERRNO_before_answer, ERRNO_in_answer   any other error of the connection
class Ledger {
 public:
  static constexpr size_t kMostRecords = 100;

  void count_sent(Mode mode) { ++tally(mode).sent; }
  void count_answer(Mode mode, int status, const std::string& release, Histogram::Nanos latency);
  // `status` is that of a complete answer, else 0.
  void count_failure(Mode mode, const std::string& kind, const std::string& source, int status = 0);

  // Bytes that nobody asked for: whose they are can no longer be told, so that the run has failed.
  uint64_t unsolicited = 0;
  ConnectionCounts connections;
  std::vector<DownloadRecord> downloads;

  [[nodiscard]] const Tally& of(Mode mode) const { return tallies_.at(static_cast<size_t>(mode)); }
  [[nodiscard]] Tally total() const;
  // Requests that came to an end, downloads left out.
  [[nodiscard]] uint64_t finished() const;
  [[nodiscard]] const std::vector<FailureRecord>& first_failures() const { return first_failures_; }

  // The promise was kept: something was sent, all of it was answered, and nothing else went wrong.
  [[nodiscard]] bool is_clean() const;

 private:
  Tally& tally(Mode mode) { return tallies_.at(static_cast<size_t>(mode)); }

  std::array<Tally, kModes.size()> tallies_;
  std::vector<FailureRecord> first_failures_;
};

}  // namespace rollctl::load
