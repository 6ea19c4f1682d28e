// SPDX-License-Identifier: MIT
#pragma once

#include "process/instance_record.h"
#include "supervise/roles.h"

namespace roll {

// The real ServerNetwork: of the process tree of the record's server, or of this process (its subreaper)
// while none runs. The record must outlive it.
class SocketNetwork final : public ServerNetwork {
 public:
  explicit SocketNetwork(const InstanceRecord& record) : record_(record) {}

  Result<std::vector<Listener>> listeners() override;
  bool listens_on_all() override;
  size_t connections() override;
  Refill refill(std::vector<SteeringHandle>& steering, std::vector<Listener> listeners) override;

 private:
  [[nodiscard]] std::vector<uint16_t> ports() const;
  const InstanceRecord& record_;
};

}  // namespace roll
