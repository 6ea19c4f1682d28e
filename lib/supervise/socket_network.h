// SPDX-License-Identifier: MIT
#pragma once

#include "process/instance_record.h"
#include "supervise/inherited_sockets.h"
#include "supervise/roles.h"

namespace rollctl {

// The real ServerNetwork: of the process tree of the record's server, or of this process (its subreaper)
// while none runs. Of sockets that it inherits the shim gives duplicates of its own, which needs no rights
// over the server. Both must outlive it.
class SocketNetwork final : public ServerNetwork {
 public:
  SocketNetwork(const InstanceRecord& record, const InheritedSockets& sockets)
      : record_(record), sockets_(sockets) {}

  Result<std::vector<Listener>> listeners() override;
  bool listens_on_all() override;
  Result<size_t> connections() override;
  Refill refill(std::vector<SteeringHandle>& steering, std::vector<Listener> listeners) override;
  GroupOccupancy occupancy(std::vector<SteeringHandle>& steering) override;
  Status end_steering(std::vector<SteeringHandle>& steering) override;
  SteeringCounters counters(const std::vector<SteeringHandle>& steering) override;

 private:
  [[nodiscard]] std::vector<uint16_t> ports() const;
  Result<std::vector<Listener>> inherited_listeners() const;

  const InstanceRecord& record_;
  const InheritedSockets& sockets_;
};

}  // namespace rollctl
