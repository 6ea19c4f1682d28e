// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/generation_spec.h"
#include "state/history.h"
#include "state/instances.h"
#include "state/journal_reader.h"
#include "state/paths.h"

namespace rollctl {

// The state of an app, from its journal, kept specifications and instances. Commands decide by it. It has
// many methods because each is one question of a command.
class AppState {
 public:
  // `paths` and `instances` are borrowed. Call read() first.
  AppState(const Paths& paths, std::string app, Instances& instances)
      : paths_(paths), app_(std::move(app)), instances_(instances) {}

  // Reads the part of the journal that the state depends on. Blocks on the disk.
  Status read();

  [[nodiscard]] const std::string& app() const { return app_; }
  [[nodiscard]] const History& history() const { return history_; }
  // Reads more of the journal. Blocks on the disk.
  [[nodiscard]] Result<History> read_history(const Reach& reach) const;

  // The kept specification of a generation.
  [[nodiscard]] Result<GenerationSpec> generation(int64_t generation) const;
  // The specification of the current generation; nothing if no deploy was ever completed.
  [[nodiscard]] Result<std::optional<GenerationSpec>> current() const;
  // The same for an app that should run. Failed, with a hint, if it is stopped or was never deployed.
  [[nodiscard]] Result<GenerationSpec> running() const;

  // The number of instances, in any state.
  Result<int> count_instances();
  // Whether exactly `instances` instances serve, all of the current generation.
  Result<bool> serves_with(int instances);
  // Whether an instance of that generation stands by: it can serve again without a start.
  Result<bool> stands_by(int64_t generation);
  Result<bool> canary_serves();

  // The standing canary; nothing if its instances are gone, as after a reboot.
  Result<std::optional<StandingCanary>> canary();
  // Busy while a canary stands: the user must promote or abort it first.
  Status check_no_canary();

 private:
  Result<int> count(const std::function<bool(const FoundInstance&)>& counts);

  const Paths& paths_;
  std::string app_;
  Instances& instances_;
  History history_;
};

}  // namespace rollctl
