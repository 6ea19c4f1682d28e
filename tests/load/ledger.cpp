// SPDX-License-Identifier: MIT
#include "load/ledger.h"

#include <algorithm>

namespace rollctl::load {

std::string_view mode_name(Mode mode) {
  switch (mode) {
    case Mode::Connect:
      return "connect";
    case Mode::KeepAlive:
      return "keepalive";
    case Mode::Download:
      return "download";
  }
  return "";
}

void Tally::add(const Tally& other) {
  sent += other.sent;
  answered += other.answered;
  failed += other.failed;
  for (const auto& [release, count] : other.releases) releases[release] += count;
  for (const auto& [status, count] : other.statuses) statuses[status] += count;
  for (const auto& [kind, count] : other.failures) failures[kind] += count;
  latency.add(other.latency);
}

void Ledger::count_answer(Mode mode, int status, const std::string& release, Histogram::Nanos latency) {
  Tally& books = tally(mode);
  ++books.answered;
  ++books.releases[release];
  ++books.statuses[status];
  books.latency.record(latency);
}

void Ledger::count_failure(Mode mode, const std::string& kind, const std::string& source, int status) {
  Tally& books = tally(mode);
  ++books.failed;
  ++books.failures[kind];
  if (status != 0) ++books.statuses[status];
  if (first_failures_.size() < kMostRecords) {
    first_failures_.push_back({std::chrono::system_clock::now(), mode, kind, source});
  }
}

Tally Ledger::total() const {
  Tally sum;
  for (const auto& books : tallies_) sum.add(books);
  return sum;
}

uint64_t Ledger::finished() const {
  uint64_t sum = 0;
  for (Mode mode : {Mode::Connect, Mode::KeepAlive}) sum += of(mode).answered + of(mode).failed;
  return sum;
}

bool Ledger::is_clean() const {
  uint64_t sent = 0;
  for (const auto& books : tallies_) {
    if (books.sent != books.answered || books.failed != 0) return false;
    sent += books.sent;
  }
  bool downloaded = std::ranges::all_of(
      downloads, [](const auto& record) { return record.state == DownloadRecord::State::Complete; });
  return sent > 0 && unsolicited == 0 && downloaded;
}

}  // namespace rollctl::load
