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

// The server's process and all its descendants. An implementation reports their fate by calling the
// supervisor: executed() or execution_failed() once for each start(), then server_exited() and
// last_process_gone().
class ServerProcess {
 public:
  virtual ~ServerProcess() = default;

  // Makes a child that executes nothing before proceed(), with a gate in the state of the last one. Opens the
  // sockets that the server inherits where they are not open.
  virtual Result<ProcessId> start() = 0;
  // The child becomes the server. Never waits for it, because the server's user may stop it.
  virtual void proceed() = 0;
  // Kills a child that has not executed the server, and returns the reason: `cannot start "./web": its
  // process was stopped before the exec`. Nothing where the exec has worked or failed, and was reported.
  virtual std::optional<std::string> call_off() = 0;

  // To the main process and the earlier ones that live on, and to processes that the server double-forked: it
  // is not their parent any more, so it cannot tell them. Each once.
  virtual void send_signal(int signal) = 0;
  // To every process of the instance.
  virtual void send_signal_to_all(int signal) = 0;
  // The processes of the instance that have not exited, the server included.
  virtual Result<std::vector<pid_t>> living() = 0;

  virtual void open_gate() = 0;

  // Closes this process's copies of the sockets that the server inherits. The server's own stay open.
  virtual void close_sockets() = 0;
};

enum class Refill { Done, TryAgain };

// The sockets of the server and its descendants.
class ServerNetwork {
 public:
  virtual ~ServerNetwork() = default;

  // One per listening socket on the app's addresses.
  virtual Result<std::vector<Listener>> listeners() = 0;
  // Whether it listens on every address of the app; false where that cannot be found out.
  virtual bool listens_on_all() = 0;
  // Connections that were accepted and not closed.
  virtual Result<size_t> connections() = 0;
  // The slots of the instance, over all addresses.
  virtual SlotUse slot_use(const std::vector<SteeringHandle>& steering) = 0;
  // Whether a socket listens on the app's ports that did not at the last call; true where that cannot be
  // found out.
  virtual bool anything_new_listens() = 0;
  // Puts the server's listeners into its slots. Drops handles whose slots belong to another instance
  // by now.
  virtual Refill refill(std::vector<SteeringHandle>& steering, std::vector<Listener> listeners) = 0;
  // Whether a listener outside the rotation is left. Drops handles whose steering has ended.
  virtual GroupOccupancy occupancy(std::vector<SteeringHandle>& steering) = 0;
  // Ends the steering of every address, and drops its handle; one that could not be ended stays.
  virtual Status end_steering(std::vector<SteeringHandle>& steering) = 0;
  virtual SteeringCounters counters(const std::vector<SteeringHandle>& steering) = 0;
};

// One look at the connections of HTTP/1 clients.
struct HttpLook {
  HttpReport report;   // of the whole drain so far
  size_t awaited = 0;  // connections whose clients may still leave by themselves
};

// The server's connections, whose clients are asked to close them: the next response of each says
// "Connection: close". The server knows nothing of it.
class HttpClients {
 public:
  virtual ~HttpClients() = default;

  // Begins to ask. Blocks for 30 ms. On an error nothing has changed.
  virtual Status begin(HttpDrain http) = 0;
  // Takes in connections that are new since the last look. Those that exchanged nothing for `silence` are not
  // awaited. Blocks for some milliseconds, 0.2 s where 10,000 are new.
  virtual HttpLook look(Millis silence) = 0;
  // Asks no more; the connections are as before.
  virtual void end() = 0;
};

// The app's lock. A shim acts on its own account only with this lock, so that no rollctl changes the app
// meanwhile.
class AppLockGate {
 public:
  virtual ~AppLockGate() = default;
  // Releases the lock when destroyed. Null where a rollctl or another shim has it. Never blocks.
  virtual std::shared_ptr<void> take() = 0;
};

// Where the supervisor reports.
class SupervisorOutput {
 public:
  virtual ~SupervisorOutput() = default;

  // Replaces instance.json.
  virtual Status save(const InstanceRecord& record) = 0;
  // To every client.
  virtual void publish(const ShimEvent& event) = 0;
  // To the journal.
  virtual void note(const std::string& line) = 0;
  // The last report. `journal_line`, unless empty, is journalled if no client has done so.
  virtual void finish(const ShimEvent& event, const std::string& journal_line) = 0;
};

}  // namespace rollctl
