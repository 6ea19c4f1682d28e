// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/generation_spec.h"
#include "state/history.h"
#include "state/instances.h"
#include "state/journal.h"
#include "state/paths.h"

namespace rollctl {

// An app as its journal, its kept specifications and its instances show it. Commands decide by it.
class AppState {
 public:
  // The paths and the instances are borrowed. Nothing is known before read().
  AppState(const Paths& paths, std::string app, Instances& instances)
      : paths_(paths), app_(std::move(app)), instances_(instances) {}

  // Reads the journal, as far as the state depends on it. Blocks on the disk.
  Status read();

  [[nodiscard]] const std::string& app() const { return app_; }
  [[nodiscard]] const History& history() const { return history_; }
  // More of it. Blocks on the disk.
  [[nodiscard]] Result<History> read_history(const Reach& reach) const;

  // A kept specification.
  [[nodiscard]] Result<GenerationSpec> generation(int64_t generation) const;
  // That of the generation that serves; nothing before the first was completed.
  [[nodiscard]] Result<std::optional<GenerationSpec>> current() const;
  // The same of an app that is meant to run; Failed, with what to do, where it is not.
  [[nodiscard]] Result<GenerationSpec> running() const;

  // How many instances there are in any state.
  Result<int> count_instances();
  // Whether so many serve, of the generation that was completed last, and no others.
  Result<bool> serves_with(int instances);
  // Whether the canary serves.
  Result<bool> canary_serves();

  // The canary that stands; nothing where none does, as after a reboot.
  Result<std::optional<StandingCanary>> canary();
  // Busy while one stands: somebody has to decide about it first.
  Status check_no_canary();

 private:
  Result<int> count(const std::function<bool(const FoundInstance&)>& counts);

  const Paths& paths_;
  std::string app_;
  Instances& instances_;
  History history_;
};

}  // namespace rollctl
