// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "loop/scheduler.h"
#include "probe/probe.h"
#include "state/event.h"
#include "state/instances.h"
#include "state/journal.h"
#include "steering/steering.h"

namespace rollctl {

// Programs that the operator wants run around a deploy.
class Hooks {
 public:
  virtual ~Hooks() = default;
  // Runs one and calls back when it has ended, from the scheduler; an empty argv has ended well at once. The
  // error: it could not be started. A hook that runs when this object is destroyed goes on.
  virtual void run(const std::vector<std::string>& argv, const std::vector<std::string>& env,
                   std::function<void(Result<ExitStatus>)> done) = 0;
};

// Signals, as they were received: SIGINT and SIGTERM are counted.
class Interrupts {
 public:
  virtual ~Interrupts() = default;
  [[nodiscard]] virtual int count() const = 0;
  [[nodiscard]] virtual int first_signal() const = 0;  // 0 where there was none
  // Another rollctl has decided in favour of the canary that this one stays with (SIGUSR1).
  [[nodiscard]] virtual bool told_to_promote() const = 0;
};

// One instance as it looks now, for people.
struct InstanceView {
  InstanceId id = 0;
  std::string release;
  InstanceState state = InstanceState::Starting;
  std::string detail;                 // why it is not ready yet, or its STATUS=
  std::optional<size_t> connections;  // while it drains
  std::optional<Millis> ready_after;
  Millis in_state{0};
};

// Who watches what is done.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_event(const Event& event) = 0;
  // The instances of this change, whenever one of them changed.
  virtual void on_fleet(const std::vector<InstanceView>& fleet) = 0;
  // Something that is worth knowing and stops nothing.
  virtual void on_warning(const std::string& message) = 0;
};

// All that the acts reach the world through. Everything is borrowed.
struct World {
  Scheduler& scheduler;
  Instances& instances;
  Probe& probe;
  Steering& steering;
  Journal& journal;
  Hooks& hooks;
  Interrupts& interrupts;
  Observer& observer;
};

}  // namespace rollctl
