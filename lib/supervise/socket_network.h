// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "net/seen_listeners.h"
#include "process/instance_record.h"
#include "supervise/inherited_sockets.h"
#include "supervise/roles.h"

namespace rollctl {

// The real ServerNetwork. Listeners are those of the process tree of the record's server, or, where these are
// not all, of this process's tree; connections those of this process's tree, which includes children of a
// dead server. Inherited sockets are duplicated from this process, which needs no rights over the server.
class SocketNetwork final : public ServerNetwork {
 public:
  // Both must outlive this object.
  SocketNetwork(const InstanceRecord& record, const InheritedSockets& sockets)
      : record_(record), sockets_(sockets) {}

  Result<std::vector<Listener>> listeners() override;
  bool listens_on_all() override;
  Result<size_t> connections() override;
  SlotUse slot_use(const std::vector<SteeringHandle>& steering) override;
  bool anything_new_listens() override;
  Refill refill(std::vector<SteeringHandle>& steering, std::vector<Listener> listeners) override;
  GroupOccupancy occupancy(std::vector<SteeringHandle>& steering) override;
  Status end_steering(std::vector<SteeringHandle>& steering) override;
  SteeringCounters counters(const std::vector<SteeringHandle>& steering) override;

 private:
  Result<std::vector<Listener>> inherited_listeners() const;

  const InstanceRecord& record_;
  const InheritedSockets& sockets_;
  SeenListeners seen_;  // by anything_new_listens()
};

}  // namespace rollctl
