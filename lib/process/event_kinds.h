// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/instance_id.h"
#include "process/app_command.h"
#include "process/instance_record.h"

// Every kind of event: something that happened to an app or, for an intent, is about to happen. A kind is a
// plain struct; kName is its name in a journal line. event_codec.h reads and writes the lines.
namespace rollctl {

enum class Outcome { Deployed, Unchanged, Canary, RolledBack, Interrupted, NeedsAttention };
const char* outcome_name(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view name);

struct DeployStarted {
  static constexpr const char* kName = "deploy.started";
  AppCommand command = AppCommand::Other;
  std::string release;
  std::optional<std::string> from;  // the release that serves
  int instances = 0;                // that are to serve in the end
  std::string handover;             // by its name: a newer rollctl may know another way
  std::string note;
  std::optional<double> canary;  // percent of the new connections for the first new instance, or the canary
  std::vector<InstanceId> returns;  // standby instances that are to serve again
  std::string user = {};            // who asked; see Caller
  std::string via = {};
};

struct DeployFinished {
  static constexpr const char* kName = "deploy.finished";
  Outcome outcome = Outcome::Deployed;
  Millis duration{0};
  size_t connections_cut = 0;
  std::string reason = {};
  std::vector<InstanceId> remaining = {};  // instances that drain or stand by still: they may cut more
  std::optional<HttpReport> http = {};     // of all drains that asked clients to leave
};

// The first line of a journal that continues an archive; see state/journal_archive.h.
struct DeployArchived {
  static constexpr const char* kName = "deploy.archived";
  InstanceId id = 0;  // the last id that was given
  std::string file;
  int64_t bytes = 0;
  bool scaling = false;
};

// Intents: on the disk before the act.
struct InstanceStarting {
  static constexpr const char* kName = "instance.starting";
  InstanceId id = 0;
  std::string release;
};

struct RotationChange {
  std::vector<InstanceId> in;
  std::vector<InstanceId> out;
  std::map<InstanceId, double> weights;  // the rotation after the shift
};

struct TrafficShifting : RotationChange {
  static constexpr const char* kName = "traffic.shifting";
};

struct InstanceStopping {
  static constexpr const char* kName = "instance.stopping";
  InstanceId id = 0;
};

// Facts: recorded after the act.
struct InstanceStarted {
  static constexpr const char* kName = "instance.started";
  InstanceId id = 0;
  std::string release;
  pid_t pid = 0;
};

struct InstanceReady {
  static constexpr const char* kName = "instance.ready";
  InstanceId id = 0;
  Millis after{0};
};

struct InstanceUnready {
  static constexpr const char* kName = "instance.unready";
  InstanceId id = 0;
  std::string reason;
};

struct TrafficShifted : RotationChange {
  static constexpr const char* kName = "traffic.shifted";
};

struct InstanceSettled {
  static constexpr const char* kName = "instance.settled";
  InstanceId id = 0;
  Millis after{0};
  size_t left = 0;           // handshakes and queued connections at the bound
  std::string failure = {};  // the reason why `left` is not known; empty: it is
};

struct InstanceDraining {
  static constexpr const char* kName = "instance.draining";
  InstanceId id = 0;
  size_t connections = 0;
  Millis deadline{0};
};

// Its main process has ended, and it drains on.
struct InstanceLingering {
  static constexpr const char* kName = "instance.lingering";
  InstanceId id = 0;
  std::optional<ExitStatus> exit;  // of the main process
  size_t processes = 0;            // that are left
  pid_t pid = 0;                   // of one of them
  std::string command;             // its name
  size_t connections = 0;
  bool told = false;  // whether all were told to end, not the main process alone
};

struct InstanceDrained {
  static constexpr const char* kName = "instance.drained";
  InstanceId id = 0;
  Millis after{0};
  size_t connections_cut = 0;
  std::optional<ExitStatus> exit;       // nothing: unknown, or no server ran when the drain began
  size_t processes_killed = 0;          // at the deadline, besides the main process
  std::optional<HttpReport> http = {};  // where the drain asked the clients to leave
};

// The server ended on its own.
struct InstanceExited {
  static constexpr const char* kName = "instance.exited";
  InstanceId id = 0;
  std::optional<ExitStatus> exit;  // nothing: unknown
};

struct InstanceRestarted {
  static constexpr const char* kName = "instance.restarted";
  InstanceId id = 0;
  pid_t pid = 0;
};

struct HookFailed {
  static constexpr const char* kName = "hook.failed";
  std::string hook;
  std::optional<ExitStatus> exit;
};

// An event of a kind that this version does not know. Event::rest holds its members.
struct OtherEvent {
  std::string name;
  std::optional<InstanceId> id;
};

using EventBody =
    std::variant<OtherEvent, DeployStarted, DeployFinished, DeployArchived, InstanceStarting, TrafficShifting,
                 InstanceStopping, InstanceStarted, InstanceReady, InstanceUnready, TrafficShifted,
                 InstanceSettled, InstanceDraining, InstanceLingering, InstanceDrained, InstanceExited,
                 InstanceRestarted, HookFailed>;

struct Event {
  EventBody body;
  int64_t generation = 0;
  WallTime time;
  // Members that another version wrote and this one cannot read: a JSON object, or empty. They are written
  // back unchanged.
  std::string rest = {};
};

// "instance.ready". Valid as long as the event.
std::string_view event_name(const Event& event);

// The instance that the event is about; with deploy.archived the last one that was started.
std::optional<InstanceId> event_instance(const Event& event);

template <typename Body>
bool is(const Event& event) {
  return std::holds_alternative<Body>(event.body);
}

}  // namespace rollctl
