// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/acknowledgement.h"
#include "base/instance_id.h"
#include "base/result.h"
#include "bpf/listener.h"
#include "bpf/steering_handle.h"
#include "net/group.h"
#include "process/instance_record.h"
#include "process/launch_spec.h"
#include "process/shim_client.h"

namespace rollctl {

// Who looks after an instance that was found.
enum class Presence {
  Supervised,    // its shim answers
  Silent,        // its shim lives and does not answer, so nothing can be done with it
  Unsupervised,  // its shim has died, its server lives
  Remains,       // nothing of it lives; only its folder is left
};

struct FoundInstance {
  InstanceRecord record;
  Presence presence = Presence::Remains;
};

// What happens to an instance without being asked for.
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
  size_t connections_cut = 0;  // with Ended
};

// The instances of one app on this host. Calls are quick, but for shims that are silent (kShimPatience), and
// never wait for a server.
class Instances {
 public:
  using OnEvent = std::function<void(const InstanceEvent&)>;
  virtual ~Instances() = default;

  // Who hears of events, from the scheduler and never from within a call.
  virtual void subscribe(OnEvent on_event) = 0;

  // Everything that is there, from what is there: never from memory. Connects to the shims, all at once: for
  // those that are silent it waits together. One that was found silent stays so for this object.
  virtual Result<std::vector<FoundInstance>> discover() = 0;

  // Says what launch() is called with next, so that it takes less time then. Nothing comes of it where it is
  // not called.
  virtual void stage(const LaunchSpec&) {}

  // Claims the id and starts a shim for it, which executes the server once `intent` is acknowledged: Launched
  // or LaunchFailed follows. On an error, which may be the intent's, nothing is left.
  virtual Status launch(const LaunchSpec& spec, Acknowledgement& intent) = 0;

  // Duplicates of the listeners that it has on the app's addresses now. Whoever gets them closes them soon: a
  // duplicate left open when the server closes its own keeps the socket in the group with nobody accepting.
  virtual Result<std::vector<Listener>> listeners(InstanceId id) = 0;

  // Does the instance possibly listen on something new since the last call? A cheap question before
  // listeners().
  virtual bool listeners_changed(InstanceId id) = 0;

  // The SO_REUSEPORT groups that the app's ports have on this host now, whoever listens.
  virtual Result<std::vector<ListenSocket>> listen_sockets() = 0;

  // Where it listens on the app's ports without serving one of the app's addresses: for saying why it cannot
  // be handed over to.
  virtual std::vector<ListenSocket> listens_elsewhere(InstanceId id) = 0;

  // Who owns that socket, for people: "nginx (pid 12)"; empty where that cannot be found.
  virtual std::string owner_of(const ListenSocket& socket) = 0;

  // Acknowledgements are awaited while this object lives.
  virtual Acknowledgement set_role(InstanceId id, const RoleOrder& role) = 0;
  virtual Acknowledgement hold_steering(InstanceId id, std::vector<SteeringHandle> handles,
                                        SteeringTerm term = {}) = 0;
  virtual Status open_gate(InstanceId id) = 0;
  virtual Result<std::vector<SteeringHandle>> take_steering(InstanceId id) = 0;

  // What was steered to it since it was launched; zeros where nobody knows.
  virtual SteeringCounters steered(InstanceId id) = 0;

  // Tells it to end; Ended follows, at the latest soon after the deadline. An unsupervised one is drained by
  // this process. A shim that falls silent has its order all the same: it sees to it once it goes on.
  virtual Acknowledgement drain(InstanceId id, const DrainOrder& order) = 0;

  // Clears away the folder of one whose presence is Remains. Blocks, for at most 5 s, while a shim is still
  // starting there, whose rollctl was killed: it ends where it was not told to launch; else it comes up, and
  // is to be discovered anew. A folder that stays has nothing in it that lives.
  enum class Remnant { Cleared, CameUp, Stays };
  virtual Result<Remnant> clear_remains(InstanceId id) = 0;

  // To be called every millisecond or so after a listener has closed: connections that the kernel moved from
  // it to another may wait there unnoticed (see Nudge), and are then brought to their server's notice. Over:
  // none waits.
  enum class Stranded { Watching, Over };
  virtual Stranded wake_stranded() = 0;

  // Its open client connections.
  virtual Result<size_t> connections(InstanceId id) = 0;
};

}  // namespace rollctl
