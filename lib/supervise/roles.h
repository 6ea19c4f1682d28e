// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/process_ref.h"
#include "base/result.h"
#include "bpf/listener.h"
#include "bpf/steering_end.h"
#include "bpf/steering_handle.h"
#include "process/instance_record.h"
#include "process/shim_client.h"

namespace rollctl {

// The server's process and everything that descends from it, as the supervisor sees them. The real one tells
// what becomes of them by calling the supervisor: executed() or execution_failed() of a child that was told
// to proceed, then server_exited() and last_process_gone().
class ServerProcess {
 public:
  virtual ~ServerProcess() = default;

  // Makes a child that executes nothing before proceed(). One that is started again gets a fresh gate, in the
  // state in which the last one was. Sockets that it inherits are opened, or still are. What goes wrong with
  // the child before proceed() is told by execution_failed(), too.
  virtual Result<ProcessId> start() = 0;
  // It becomes the server. Never waits for it: as soon as it is the server's user's, he may stop it.
  virtual void proceed() = 0;
  // Ends the child that has not executed the server yet, and says why it has not: `cannot start "./web": its
  // process was stopped before it executed it`. Nothing where that was decided by now, and told.
  virtual std::optional<std::string> call_off() = 0;

  // To the server itself; no matter if it has exited.
  virtual void send_signal(int signal) = 0;
  // To every process of the instance.
  virtual void send_signal_to_all(int signal) = 0;
  // The processes of the instance that have not exited, the server among them. An error says nothing about
  // them; last_process_gone() tells when none is left.
  virtual Result<std::vector<pid_t>> living() = 0;

  virtual void open_gate() = 0;

  // Lets go of the sockets that the server inherits, if it does: from then on they end with the server's own
  // descriptors of them.
  virtual void close_sockets() = 0;
};

enum class Refill { Done, TryAgain };

// The server's sockets.
class ServerNetwork {
 public:
  virtual ~ServerNetwork() = default;

  // One per listening socket on the app's addresses.
  virtual Result<std::vector<Listener>> listeners() = 0;
  // Does it listen on every address of the app?
  virtual bool listens_on_all() = 0;
  // Accepted and not closed. An error is no 0.
  virtual Result<size_t> connections() = 0;
  // Puts a restarted server's listeners into the slots of its steering. A handle whose slots are not the
  // instance's any more is let go of.
  virtual Refill refill(std::vector<SteeringHandle>& steering, std::vector<Listener> listeners) = 0;
  // Lets go of handles whose steering has ended. Who is left outside the rotation of the others?
  virtual GroupOccupancy occupancy(std::vector<SteeringHandle>& steering) = 0;
  // Ends the steering of every address; those where it could not be ended stay.
  virtual Status end_steering(std::vector<SteeringHandle>& steering) = 0;
  virtual SteeringCounters counters(const std::vector<SteeringHandle>& steering) = 0;
};

// A shim acts on its own account only while no rollctl is at work on the app, and keeps one from beginning
// meanwhile.
class AppLockGate {
 public:
  virtual ~AppLockGate() = default;
  // Held until it is destroyed; null where a rollctl (or another shim) is at work. Never blocks.
  virtual std::shared_ptr<void> take() = 0;
};

// Who is told.
class SupervisorOutput {
 public:
  virtual ~SupervisorOutput() = default;

  // Replaces instance.json.
  virtual Status save(const InstanceRecord& record) = 0;
  // To every client.
  virtual void publish(const ShimEvent& event) = 0;
  // To the journal.
  virtual void note(const std::string& line) = 0;
  // Nothing follows. `journal_line` goes into the journal if nobody else sees to that; it may be empty.
  virtual void finish(const ShimEvent& event, const std::string& journal_line) = 0;
};

}  // namespace rollctl
