// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/acknowledgement.h"
#include "base/instance_id.h"
#include "base/result.h"
#include "bpf/steering_handle.h"
#include "process/instance_record.h"
#include "process/launch_spec.h"
#include "process/shim_client.h"

namespace rollctl {

// The state of an instance that was found.
enum class Presence {
  Supervised,    // its shim answers
  Silent,        // its shim lives and does not answer, so nothing can be done with it
  Unsupervised,  // its shim has died, its server lives
  Remains,       // nothing of it lives; only its folder is left
};

// The processes of an instance whose main process has ended.
struct LeftProcesses {
  std::vector<pid_t> pids;         // not empty; for people, as they may be reused
  std::string command;             // the name of the first
  std::optional<ExitStatus> exit;  // of the main process
};

struct FoundInstance {
  InstanceRecord record;
  Presence presence = Presence::Remains;
};

// A change of an instance that no call caused.
struct InstanceEvent {
  enum class Kind {
    Launched,       // its server runs
    LaunchFailed,   // `message` says why; nothing of it is left
    NotifiedReady,  // READY=1
    StatusText,     // STATUS=, or record.drain_deadline has moved, or it is ready again
    Exited,         // its server died unasked; record.state says whether it will be restarted (Restarting) or
                    // not (Failed), or that its shim has gone, too, and nothing of it is left (Stopped)
    Restarted,      // a new server process runs
    Ended,          // it was drained: no process and no folder of it is left
    Orphaned,       // its shim died, its server lives on
  };
  Kind kind = Kind::Launched;
  InstanceId id = 0;
  InstanceRecord record;
  std::optional<ExitStatus> exit;  // with Exited and Ended, where it is known: an orphan's is not
  std::string message;
  size_t connections_cut = 0;   // with Ended
  size_t processes_killed = 0;  // then, besides the main process
};

// The life of the instances of one app on this host. Calls are quick, except that one waits up to
// kShimPatience for a silent shim, and never wait for a server.
class Instances {
 public:
  using OnEvent = std::function<void(const InstanceEvent&)>;
  virtual ~Instances() = default;

  // Replaces the subscriber. Called from the scheduler, never from within a call.
  virtual void subscribe(OnEvent on_event) = 0;

  // All instances that are there now, never from memory. Connects to all shims first and waits for their
  // answers together. A shim that was silent once stays silent for this object.
  virtual Result<std::vector<FoundInstance>> discover() = 0;

  // Claims the id and starts a shim for it, which executes the server once `intent` is acknowledged: Launched
  // or LaunchFailed follows. On an error, which may be the intent's, nothing is left.
  virtual Status launch(const LaunchSpec& spec, Acknowledgement& intent) = 0;

  // Whether its server is busy at this moment, as long as it starts; false where that cannot be found out.
  virtual bool is_busy(InstanceId id) = 0;

  // Lets a server that waits for its gate go on.
  virtual Status open_gate(InstanceId id) = 0;

  // Both send an order to the shim of the instance; await the Acknowledgement while this object lives.
  virtual Acknowledgement set_role(InstanceId id, const RoleOrder& role) = 0;
  virtual Acknowledgement hold_steering(InstanceId id, std::vector<SteeringHandle> handles,
                                        SteeringTerm term = {}) = 0;

  // Tells the instance to end; Ended follows, at the latest soon after the deadline. This process drains an
  // unsupervised one. A shim that falls silent has its order all the same, and drains once it goes on.
  virtual Acknowledgement drain(InstanceId id, const DrainOrder& order) = 0;

  // Nothing while the main process runs, or where no process is left.
  [[nodiscard]] virtual std::optional<LeftProcesses> left_processes(InstanceId id) const = 0;

  // Removes the folder of an instance whose presence is Remains. Blocks up to 5 s while a shim still starts
  // there, whose rollctl was killed. Cleared: that shim ended without a launch. CameUp: it was told to
  // launch; discover it anew. Stays: the folder cannot be removed, but nothing in it lives.
  enum class Remnant { Cleared, CameUp, Stays };
  virtual Result<Remnant> clear_remains(InstanceId id) = 0;
};

}  // namespace rollctl
