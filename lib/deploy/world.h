// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/launch.h"
#include "loop/scheduler.h"
#include "probe/probe.h"
#include "state/event.h"
#include "state/instance_sockets.h"
#include "state/instances.h"
#include "state/journal.h"
#include "steering/steering.h"

namespace rollctl {

// The operator's programs around a deploy.
class Hooks {
 public:
  virtual ~Hooks() = default;
  // Starts one and calls back from the scheduler when it has ended. The error: it could not be started.
  virtual void run(const OnceLaunch& hook, std::function<void(Result<ExitStatus>)> done) = 0;
  // The hook that runs and the processes of its group get SIGTERM, or SIGKILL; what is left of the group when
  // the hook ends gets SIGKILL. Does not wait. Does nothing where none runs.
  enum class End { Asked, Forced };
  virtual void end(End how) = 0;
};

// The signals that were received. SIGINT and SIGTERM are counted.
class Interrupts {
 public:
  virtual ~Interrupts() = default;
  [[nodiscard]] virtual int count() const = 0;
  [[nodiscard]] virtual int first_signal() const = 0;  // 0: none came
  // SIGUSR1 came: `rollctl promote` decided for the canary that this rollctl attends.
  [[nodiscard]] virtual bool told_to_promote() const = 0;
  // The first of the counted signals came from `rollctl abort`.
  [[nodiscard]] virtual bool told_to_abort() const = 0;
};

// One instance as it is now, for people.
struct InstanceView {
  InstanceId id = 0;
  std::string release;
  InstanceState state = InstanceState::Starting;
  std::string detail;                 // why it is not ready yet, or its STATUS=
  std::optional<size_t> connections;  // while it drains
  std::optional<Millis> ready_after;
  Millis in_state{0};
};

// Is told what a change does.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_event(const Event& event) = 0;
  // All instances of the app, whenever one of them changed.
  virtual void on_fleet(const std::vector<InstanceView>& fleet) = 0;
  // Worth knowing; the change goes on.
  virtual void on_warning(const std::string& message) = 0;
};

// The roles through which a change reaches the host. All are borrowed.
struct World {
  Scheduler& scheduler;
  Instances& instances;
  InstanceSockets& sockets;
  Probe& probe;
  Steering& steering;
  Journal& journal;
  Hooks& hooks;
  Interrupts& interrupts;
  Observer& observer;
};

}  // namespace rollctl
