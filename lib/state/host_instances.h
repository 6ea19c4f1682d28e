// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
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

// The real instances: their shims' sockets, their folders below the runtime folder, and, where a shim has
// died, the processes themselves. Large, for Instances is: it does all of that role, and keeps what it needs
// to.
class HostInstances final : public Instances, public InstanceSockets {
 public:
  static Result<std::unique_ptr<HostInstances>> create(Loop& loop, const Paths& paths, std::string app,
                                                       std::vector<ListenAddress> listen);
  // The app's addresses from now on.
  void set_listen(std::vector<ListenAddress> listen) { listen_ = std::move(listen); }

  HostInstances(const HostInstances&) = delete;
  HostInstances& operator=(const HostInstances&) = delete;

  void subscribe(OnEvent on_event) override { on_event_ = std::move(on_event); }
  Result<std::vector<FoundInstance>> discover() override;
  Status launch(const LaunchSpec& spec, Acknowledgement& intent) override;
  Result<std::vector<Listener>> listeners(InstanceId id) override;
  // Any one of its listeners on exactly that address; NotFound where it has none.
  Result<Fd> listener(InstanceId id, const Endpoint& bound);
  bool listeners_changed(InstanceId id) override;
  Result<std::vector<ListenSocket>> listen_sockets() override;
  std::vector<ListenSocket> listens_elsewhere(InstanceId id) override;
  std::string owner_of(const ListenSocket& socket) override;
  Acknowledgement set_role(InstanceId id, const RoleOrder& role) override;
  Acknowledgement hold_steering(InstanceId id, std::vector<SteeringHandle> handles,
                                SteeringTerm term) override;
  Status open_gate(InstanceId id) override;
  // The steering that the shim of an instance holds, as duplicates.
  Result<std::vector<SteeringHandle>> take_steering(InstanceId id);
  // The connections that were steered to an instance since it was launched; zeros where that is not known.
  SteeringCounters steered(InstanceId id);
  Acknowledgement drain(InstanceId id, const DrainOrder& order) override;
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
    // What its shim did not live to hear.
    std::optional<RoleOrder> missed_role;
    bool drain_ordered = false;
    TimePoint drain_deadline;
    DrainOrder drain_order;
    std::optional<ExitStatus> exit;  // of the end, told before the connection closes
    size_t connections_cut = 0;
    bool over = false;                               // LaunchFailed or Ended was told
    std::multimap<Endpoint, SocketPlace> listeners;  // where they were found last
    std::vector<uint32_t> listening;                 // what listened on the app's ports at the last look
    TimePoint looked_at;
    Watch adopt_again;  // whether it lives could not be seen
    // By listeners_changed(), for the listeners() that follows it.
    std::optional<std::vector<ListenSocket>> seen;
  };

  HostInstances(Loop& loop, const Paths& paths, std::string app, std::vector<ListenAddress> listen,
                SockDiag diag);
  // Asks the shims that are not known yet who they are.
  void call_shims(const std::vector<InstanceId>& ids);
  void call_shim(InstanceId id);
  // Whoever is there, and answers within kShimPatience of the first call.
  std::unique_ptr<ShimClient> hear_shim(InstanceId id);
  bool is_claimed(InstanceId id) const;
  // A shim that waits for its orders in a folder that was claimed for it.
  Result<std::unique_ptr<WaitingShim>> start_shim(const LaunchSpec& spec);
  void on_shim_event(InstanceId id, const ShimEvent& event);
  void on_shim_gone(InstanceId id, Known& known);
  // Who looks after it from now on: its shim or, where that has died, this process.
  void meet(InstanceId id, Known& known);
  void adopt(InstanceId id, Known& known);
  void adopt_later(InstanceId id, Known& known);
  void lost_shim(InstanceId id, Known& known);
  // A keeper cannot be destroyed from within its own callback: it goes with the next turn of the loop.
  void retire(Known& known);
  // Remembers, for discover(), a failure that says nothing about what was looked for. True where it is one.
  bool is_no_answer(const Error& error);
  // The connection has ended, but the shim lives: it is asked anew, and what was missed is told. False where
  // it does not.
  bool call_again(InstanceId id, Known& known);
  void end(InstanceId id, Known& known);
  void tell(InstanceId id, InstanceEvent::Kind kind, std::string message = {});
  // Failed where it is silent, NotFound where nothing of it is left.
  Result<Known*> known(InstanceId id);
  Result<std::vector<Listener>> take_listeners(Known& known);
  static Status unless_gone(const Known& known, const Status& asked);
  static Presence presence_of(const Known& known);
  [[nodiscard]] std::vector<uint16_t> ports() const;

  Loop& loop_;
  const Paths& paths_;
  std::string app_;
  std::vector<ListenAddress> listen_;
  SockDiag diag_;
  std::unique_ptr<Nudge> nudge_;
  OnEvent on_event_;
  std::map<InstanceId, Known> known_;
  std::map<InstanceId, ShimClient::Introduction> called_;  // and not heard yet
  std::map<InstanceId, TimePoint> first_called_;
  std::set<InstanceId> shimless_;  // they came up once, and nobody has their folder now
  std::map<InstanceId, std::unique_ptr<WaitingShim>> launched_;  // whose start may not be quite over
  std::optional<Error> no_answer_;                               // of the first look that failed
  std::vector<Keeper> retired_;
  Watch sweep_;
};

}  // namespace rollctl
