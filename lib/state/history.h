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
  double canary = 0;         // percent that its first instance was to get alone
  bool over_canary = false;  // a canary stood when it began
  WallTime started;

  // How far it got.
  std::set<InstanceId> starting;                 // launches that were meant, and returns of a standby
  std::set<InstanceId> shifted_in, shifted_out;  // as the traffic went last
  std::set<InstanceId> stopping;
  bool being_undone = false;  // an interrupted `recover` had begun to bring the generation of before back

  // How it ended; nothing while it runs or when rollctl was killed.
  std::optional<Outcome> outcome;
  Millis duration{0};
  size_t connections_cut = 0;
  std::string reason;

  [[nodiscard]] bool makes_generation() const { return traits_of(command).makes_generation; }
  [[nodiscard]] bool has_completed() const { return outcome == Outcome::Deployed && makes_generation(); }
  // How it ended is known, and needs nobody's attention.
  [[nodiscard]] bool has_ended() const { return outcome && *outcome != Outcome::NeedsAttention; }
  // Is it to end a canary? `abort` is, and a `rollback` while one stands.
  [[nodiscard]] bool withdraws() const;
};

// A canary that nobody has decided about, as far as the journal knows: after a reboot nothing stands.
struct StandingCanary {
  std::string release;
  int64_t generation = 0;
  int instances = 0;  // that shall serve once it is promoted
  double percent = 0;
  WallTime since;
};

// The journal, folded: what the app is, as far as it was meant. What runs is discovered, never read from
// here.
struct History {
  std::vector<Change> changes;  // oldest first
  int64_t last_generation = 0;
  InstanceId last_instance = 0;

  // The generation that was completed last, and how many instances of it shall serve (also while it is
  // stopped).
  std::optional<int64_t> current;
  std::string current_release;
  int instances = 0;
  std::optional<int> scaled_to;  // by `scale`, until a deploy says otherwise; see Reach::scaling()
  bool stopped = false;          // by `stop`
  std::optional<StandingCanary> canary;
  WallTime current_since;

  // The instances that shall serve now.
  [[nodiscard]] int wanted() const { return current && !stopped ? instances : 0; }

  // The last change, if it has no ending or needs attention: what `recover` looks after.
  [[nodiscard]] const Change* unfinished() const;

  // The generation that `rollback` goes to: completed before the current one, failures not counted. Since a
  // rollback is itself such a completion, done twice it returns.
  [[nodiscard]] std::optional<int64_t> rollback_target() const;

  // The newest completed generation of a release.
  [[nodiscard]] std::optional<int64_t> completed_generation_of(const std::string& release) const;
  [[nodiscard]] const Change* completed(int64_t generation) const;
};

// The completed changes, asked for from the last one back, as a `rollback` sees them. A restart only takes
// the place of what it restarted: what ran before that is what comes back.
class RollbackChain {
 public:
  enum class Link {
    Restart,  // of what comes further back
    Serving,  // what serves, or was restarted since
    Target,   // what a rollback goes to
  };
  Link link_of(const Change& completed);

 private:
  bool has_serving_ = false;
};

// What deploy.started and deploy.finished say of a change. `event` holds `started`.
Change begin_change(const Event& event, const DeployStarted& started);
void end_change(const DeployFinished& finished, Change& change);

History fold(const std::vector<Event>& events);

}  // namespace rollctl
