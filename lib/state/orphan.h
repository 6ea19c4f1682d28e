// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "loop/loop.h"
#include "net/sock_diag.h"
#include "process/instance_record.h"
#include "process/orders.h"

namespace rollctl {

// A server whose shim has died: watched and drained from here. Its exit status is nobody's to know.
// Destroying it leaves the server as it is.
class Orphan {
 public:
  using OnEnded = std::function<void(size_t connections_cut)>;

  // NotFound where the server has ended already, and only there.
  static Result<std::unique_ptr<Orphan>> adopt(Loop& loop, SockDiag& diag, InstanceRecord record,
                                               OnEnded on_ended);

  [[nodiscard]] const InstanceRecord& record() const { return record_; }
  // Written into its record, for the next who looks.
  Status set_role(const RoleOrder& role);

  // Signals it now; SIGKILL for all of its process tree at the deadline, unless this process ends before.
  Status drain(const DrainOrder& order);

 private:
  Orphan(Loop& loop, SockDiag& diag, InstanceRecord record, ProcessRef server, OnEnded on_ended);
  void cut();

  Loop& loop_;
  SockDiag& diag_;
  InstanceRecord record_;
  ProcessRef server_;
  OnEnded on_ended_;
  size_t connections_cut_ = 0;
  Watch exit_;
  Watch deadline_;
};

}  // namespace rollctl
