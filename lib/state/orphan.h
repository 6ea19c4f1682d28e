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

// A server whose shim has died: this process watches and drains it. Its exit status is unknown: it is not a
// child. Destroying this object leaves the server as it is.
class Orphan {
 public:
  // At the deadline; else zeros.
  struct Cut {
    size_t connections = 0;
    size_t processes = 0;  // besides the server itself
  };
  using OnEnded = std::function<void(const Cut&)>;

  // NotFound only if the server has ended.
  static Result<std::unique_ptr<Orphan>> adopt(Loop& loop, SockDiag& diag, InstanceRecord record,
                                               OnEnded on_ended);

  [[nodiscard]] const InstanceRecord& record() const { return record_; }
  // Writes the role into the instance's record, for the next rollctl.
  Status set_role(const RoleOrder& role);

  // Sends the signal now, and SIGKILL to the whole process tree at the deadline, if this process still runs.
  Status drain(const DrainOrder& order);

 private:
  Orphan(Loop& loop, SockDiag& diag, InstanceRecord record, ProcessRef server, OnEnded on_ended);
  void cut();
  size_t signal_children(int signal) const;

  Loop& loop_;
  SockDiag& diag_;
  InstanceRecord record_;
  ProcessRef server_;
  OnEnded on_ended_;
  size_t connections_cut_ = 0;
  size_t processes_killed_ = 0;
  Watch exit_;
  Watch deadline_;
};

}  // namespace rollctl
