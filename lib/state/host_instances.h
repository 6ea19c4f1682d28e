// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "loop/loop.h"
#include "net/process_sockets.h"
#include "net/sock_diag.h"
#include "process/waiting_shim.h"
#include "state/instance_sockets.h"
#include "state/instances.h"
#include "state/orphan.h"
#include "state/paths.h"
#include "steering/nudge.h"

namespace rollctl {

// The instances of this host: through the sockets of their shims and their folders in the runtime folder, and
// through the server's process where a shim has died. It is large because it implements two roles over one
// table of shims.
class HostInstances final : public Instances, public InstanceSockets {
 public:
  static Result<std::unique_ptr<HostInstances>> create(Loop& loop, const Paths& paths, std::string app,
                                                       std::vector<ListenAddress> listen);
  // Replaces the app's addresses.
  void set_listen(std::vector<ListenAddress> listen) { listen_ = std::move(listen); }

  // Calls off the shim that was prepared and not launched.
  ~HostInstances() override;
  HostInstances(const HostInstances&) = delete;
  HostInstances& operator=(const HostInstances&) = delete;

  void subscribe(OnEvent on_event) override { on_event_ = std::move(on_event); }
  Result<std::vector<FoundInstance>> discover() override;
  // Starts the shim of the instance that launch() starts next, so that it comes up meanwhile. Errors are told
  // by launch().
  void prepare(const LaunchSpec& spec);
  Status launch(const LaunchSpec& spec, Acknowledgement& intent) override;
  Result<std::vector<Listener>> listeners(InstanceId id) override;
  // What listeners() does where their descriptors may not be taken: without one nothing can be steered.
  enum class Descriptors { WherePossible, Required };
  void set_descriptors(Descriptors descriptors) { descriptors_ = descriptors; }
  // One of its listeners on exactly that address; NotFound if it has none.
  Result<Fd> listener(InstanceId id, const Endpoint& bound);
  bool listeners_changed(InstanceId id) override;
  Result<std::vector<ListenSocket>> listen_sockets() override;
  std::vector<ListenSocket> listens_elsewhere(InstanceId id) override;
  Result<SocketHolder> holder_of(const ListenSocket& socket) override;
  Acknowledgement set_role(InstanceId id, const RoleOrder& role) override;
  Acknowledgement hold_steering(InstanceId id, std::vector<SteeringHandle> handles,
                                SteeringTerm term) override;
  bool is_busy(InstanceId id) override;
  Status open_gate(InstanceId id) override;
  // The steering that the shim of an instance holds, as duplicates.
  Result<std::vector<SteeringHandle>> take_steering(InstanceId id);
  // The steering of an instance as its shim sees it; empty where that is not known.
  SteeringView look_at_steering(InstanceId id);
  Acknowledgement drain(InstanceId id, const DrainOrder& order) override;
  [[nodiscard]] std::optional<LeftProcesses> left_processes(InstanceId id) const override;
  Result<Remnant> clear_remains(InstanceId id) override;
  Stranded wake_stranded() override;
  Result<size_t> connections(InstanceId id) override;

 private:
  struct SilentShim {};  // the shim lives and does not answer
  // Supervises the instance; nothing before its shim was heard, and after its end.
  using Keeper =
      std::variant<std::monostate, std::unique_ptr<ShimClient>, std::unique_ptr<Orphan>, SilentShim>;
  struct Known {
    Keeper keeper;
    // Null unless that is the keeper.
    [[nodiscard]] ShimClient* shim() const;
    [[nodiscard]] Orphan* orphan() const;
    [[nodiscard]] bool is_silent() const { return std::holds_alternative<SilentShim>(keeper); }
    [[nodiscard]] bool has_keeper() const { return !std::holds_alternative<std::monostate>(keeper); }
    InstanceRecord record;
    // Not acknowledged before the shim died.
    std::optional<RoleOrder> missed_role;
    bool drain_ordered = false;
    TimePoint drain_deadline;
    DrainOrder drain_order;
    std::optional<ExitStatus> exit;  // of the last server; arrives before the connection closes
    size_t connections_cut = 0;
    size_t processes_killed = 0;
    bool over = false;                               // its last event was delivered
    std::multimap<Endpoint, SocketPlace> listeners;  // as found last
    std::vector<uint32_t> listening;                 // inodes on the app's ports, as found last
    TimePoint looked_at;
    Watch adopt_again;  // the server's process could not be inspected
    // From listeners_changed(), for the next listeners().
    std::optional<std::vector<ListenSocket>> seen;
  };

  HostInstances(Loop& loop, const Paths& paths, std::string app, std::vector<ListenAddress> listen,
                SockDiag diag);
  // Sends the first request to shims that are not connected yet.
  void call_shims(const std::vector<InstanceId>& ids);
  void call_shim(InstanceId id);
  // The shim's client if it answers within kShimPatience of the first call, else null.
  std::unique_ptr<ShimClient> hear_shim(InstanceId id);
  bool is_claimed(InstanceId id) const;
  // Claims the folder and starts a shim in it, which waits for its launch.
  Result<std::unique_ptr<WaitingShim>> start_shim(const LaunchSpec& spec);
  void on_shim_event(InstanceId id, const ShimEvent& event);
  void on_shim_gone(InstanceId id, Known& known);
  // Finds the keeper: the shim or, if it has died, this process.
  void meet(InstanceId id, Known& known);
  void adopt(InstanceId id, Known& known);
  void adopt_later(InstanceId id, Known& known);
  void lost_shim(InstanceId id, Known& known);
  // A keeper cannot be destroyed from within its own callback: it goes with the next turn of the loop.
  void retire(Known& known);
  // True for a failure that says nothing about the instance (EMFILE, say). Keeps it for discover().
  bool is_no_answer(const Error& error);
  // Connects again to a shim that closed its connection, and delivers the events that were missed. False if
  // the shim does not live.
  bool call_again(InstanceId id, Known& known);
  void end(InstanceId id, Known& known);
  void tell(InstanceId id, InstanceEvent::Kind kind, std::string message = {});
  // Failed if its shim is silent, NotFound if the instance has ended.
  Result<Known*> known(InstanceId id);
  Result<std::vector<Listener>> take_listeners(Known& known);
  Result<std::vector<Listener>> take_or_ask(Known& known);
  Result<std::vector<Listener>> see_listeners(const Known& known);
  static Result<std::vector<TakenListener>> take_from_processes(const InstanceRecord& record,
                                                                std::span<const ListenSocket> sockets);
  static Status unless_gone(const Known& known, const Status& asked);
  static Presence presence_of(const Known& known);
  [[nodiscard]] std::vector<uint16_t> ports() const;
  // The shims that run and the servers: all processes of the instances descend from these.
  [[nodiscard]] std::vector<pid_t> ancestors() const;
  Result<bool> still_listens(const ListenSocket& socket);

  Loop& loop_;
  const Paths& paths_;
  std::string app_;
  std::vector<ListenAddress> listen_;
  SockDiag diag_;
  Descriptors descriptors_ = Descriptors::WherePossible;
  std::unique_ptr<Nudge> nudge_;
  OnEvent on_event_;
  std::map<InstanceId, Known> known_;
  std::map<InstanceId, ShimClient::Introduction> called_;  // not answered yet
  std::map<InstanceId, TimePoint> first_called_;
  std::set<InstanceId> shimless_;  // have a record, but no shim locks their folder
  std::map<InstanceId, std::unique_ptr<WaitingShim>> prepared_;
  std::map<InstanceId, std::unique_ptr<WaitingShim>> launched_;  // Launched has not arrived yet
  std::optional<Error> no_answer_;                               // the first failure of a look
  std::vector<Keeper> retired_;
  Watch sweep_;
};

}  // namespace rollctl
