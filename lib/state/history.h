// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "process/event_kinds.h"

namespace rollctl {

// One command that moved traffic, from its first event to its last.
struct Change {
  AppCommand command = AppCommand::Other;
  std::string release;
  std::optional<std::string> from;
  int64_t generation = 0;
  int instances = 0;
  std::string handover;
  std::string note;
  std::string user;  // who asked; see Caller; empty: an older rollctl did not record it
  std::string via;
  std::optional<double>
      canary;                // percent of the connections that its first instance, or the canary, was to get
  bool over_canary = false;  // a canary was standing when it began
  WallTime started;

  // How far it got.
  std::set<InstanceId> starting;                 // intended launches, and standbys that were to return
  std::set<InstanceId> shifted_in, shifted_out;  // as of the last shift
  std::set<InstanceId> stopping;
  bool being_undone =
      false;  // a `recover` had begun to bring the previous generation back, and was interrupted

  // How it ended; nothing while it runs, or if rollctl was killed.
  std::optional<Outcome> outcome;
  Millis duration{0};
  size_t connections_cut = 0;  // so far
  std::set<InstanceId>
      remaining;  // that were draining or standing by when it ended, and did not say their end
  std::string reason;
  std::optional<HttpReport> http;  // where its drains asked clients to leave

  [[nodiscard]] bool makes_generation() const { return traits_of(command).makes_generation; }
  [[nodiscard]] bool has_completed() const { return outcome == Outcome::Deployed && makes_generation(); }
  // It has an outcome other than NeedsAttention.
  [[nodiscard]] bool has_ended() const { return outcome && *outcome != Outcome::NeedsAttention; }
  // Whether it was to end a canary: `abort`, or a `rollback` while a canary stood.
  [[nodiscard]] bool withdraws() const;
};

// A canary that was neither promoted nor aborted, according to the journal. After a reboot it runs no more.
struct StandingCanary {
  std::string release;
  int64_t generation = 0;
  int instances = 0;  // that are to serve after a promotion
  double percent = 0;
  WallTime since;
};

// The journal, folded: the intended state of the app. Running instances are discovered, never taken from
// here.
struct History {
  std::vector<Change> changes;  // oldest first
  int64_t last_generation = 0;
  InstanceId last_instance = 0;

  // The generation that was completed last, and how many instances of it are to serve (also while the app is
  // stopped).
  std::optional<int64_t> current;
  std::string current_release;
  int instances = 0;
  std::optional<int> scaled_to;  // by `scale`, until a deploy sets another number; see Reach::scaling()
  bool stopped = false;          // by `stop`
  std::optional<StandingCanary> canary;
  WallTime current_since;

  // How many instances are to serve now.
  [[nodiscard]] int wanted() const { return current && !stopped ? instances : 0; }

  // The last change, if it has no ending or needs attention: `recover` continues it.
  [[nodiscard]] const Change* unfinished() const;

  // The target of `rollback`: the generation that was completed before the current one. A rollback completes
  // a generation itself, so a second rollback returns.
  [[nodiscard]] std::optional<int64_t> rollback_target() const;

  // The newest completed generation of a release.
  [[nodiscard]] std::optional<int64_t> completed_generation_of(const std::string& release) const;
  [[nodiscard]] const Change* completed(int64_t generation) const;
};

// Walks the completed changes from the last one back and finds the target of a `rollback`. Restarts of the
// current release are skipped.
class RollbackChain {
 public:
  enum class Link {
    Restart,  // of the current release
    Serving,  // made the current release serve
    Target,   // of a rollback
  };
  Link link_of(const Change& completed);

 private:
  bool has_serving_ = false;
};

// Read deploy.started and deploy.finished into a change. `event` holds `started`.
Change begin_change(const Event& event, const DeployStarted& started);
void end_change(const DeployFinished& finished, Change& change);

History fold(const std::vector<Event>& events);

}  // namespace rollctl
