// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "load/client.h"
#include "load/download.h"
#include "load/surroundings.h"

namespace rollctl::load {

// One run: its clients, its commands, its end. Blocks SIGINT and SIGTERM in the calling thread for good.
class Run {
 public:
  // `event` is what a snapshot was made for: "progress", "snapshot" or "reached".
  using OnSnapshot = std::function<void(std::string_view event, const Ledger& ledger, Millis elapsed)>;

  Run(const Options& options, OnSnapshot on_snapshot);

  // Blocks until the run is over. The books are then complete: nothing is outstanding.
  Result<Ledger> run();

  [[nodiscard]] Millis elapsed() const;

 private:
  class Control;  // the descriptors besides the clients'

  void start_clients();
  void stop();
  void give_up();
  void tick(TimePoint now);
  void report_reached();
  void read_signals();
  void read_commands();
  void obey(std::string_view command);
  [[nodiscard]] bool is_over() const;
  [[nodiscard]] int milliseconds_to_tick() const;

  Surroundings s_;
  OnSnapshot on_snapshot_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Download>> downloads_;
  std::vector<std::unique_ptr<Pollable>> controls_;
  Fd signals_;
  std::string commands_;
  std::vector<uint64_t> awaited_;  // totals of Ledger::finished()
  TimePoint started_;
  TimePoint next_report_;
};

}  // namespace rollctl::load
