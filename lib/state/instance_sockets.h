// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/instance_id.h"
#include "base/result.h"
#include "bpf/listener.h"
#include "net/group.h"

namespace rollctl {

struct SocketHolder {
  enum class Who {
    Instance,  // a process of an instance, or this process on behalf of one
    Stranger,
    Nobody,  // it does not listen any more
  };
  Who who = Who::Nobody;
  std::string owner;  // of a stranger, for people: "nginx (pid 12)"; empty where it cannot be found
};

// The sockets of the instances of one app on this host, and all others on the app's ports. Calls are quick,
// except that one waits up to kShimPatience for a silent shim.
class InstanceSockets {
 public:
  virtual ~InstanceSockets() = default;

  // Duplicates of the listeners that an instance has on the app's addresses now. Close them soon: a duplicate
  // that is open when the server closes its own keeps the socket in the group, and no process accepts from
  // it.
  //
  // Where they may be looked at but not taken: without their descriptors, or NotPermitted if the caller needs
  // these.
  virtual Result<std::vector<Listener>> listeners(InstanceId id) = 0;

  // Whether the instance may listen on something new since the last call. Cheaper than listeners().
  virtual bool listeners_changed(InstanceId id) = 0;

  // All listening sockets on the app's ports, of any process.
  virtual Result<std::vector<ListenSocket>> listen_sockets() = 0;

  // Sockets of an instance on the app's ports, but on none of the app's addresses: the reason why it cannot
  // be handed over to. Empty also where that cannot be found out.
  virtual std::vector<ListenSocket> listens_elsewhere(InstanceId id) = 0;

  // Who holds a listening socket at this moment. Reads the descriptors of all processes.
  virtual Result<SocketHolder> holder_of(const ListenSocket& socket) = 0;

  // Client connections that an instance has accepted and not closed.
  virtual Result<size_t> connections(InstanceId id) = 0;

  // Brings connections to their server's notice that the kernel moved from a closed listener to another,
  // where they may wait unnoticed (see Nudge). Call it every millisecond after a listener has closed, until
  // it is Over.
  enum class Stranded { Watching, Over };
  virtual Stranded wake_stranded() = 0;
};

}  // namespace rollctl
