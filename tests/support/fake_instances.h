// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "state/instance_sockets.h"
#include "state/instances.h"
#include "support/act_watcher.h"
#include "support/fake_scheduler.h"

namespace rollctl::test {

// The behaviour of a server. Times count from the start of its process; nullopt: never.
struct ServerScript {
  std::string refused = {};       // launch() fails with this
  std::string launch_fails = {};  // LaunchFailed says this
  std::optional<Micros> listens = Micros(1000);
  Micros busy{0};  // after it listens
  std::optional<Micros> ready = Micros(1500);
  std::optional<Micros> unready = {};
  std::optional<Micros> exits = {};
  ExitStatus exit = {1, {}};
  std::optional<Micros> restarts_after =
      {};  // after it exited unasked; the new process neither exits nor becomes unready
  std::optional<Micros> drain_takes = Micros(1000);  // nullopt: SIGKILL at the deadline
  std::optional<Micros> closes = Micros(0);  // its listener, after the order to drain; nullopt: when it exits
  size_t connections = 0;
  uint32_t uid = 33;
};

// A server and the shim that looks after it.
struct FakeServer {
  ServerScript script;
  InstanceRecord record;
  bool shim_lives = true;
  bool shim_answers = true;
  bool listening = false;
  bool ready = false;
  bool was_ready = false;
  bool draining = false;
  bool holds_steering = false;
  uint32_t inode = 0;
  InstanceState role = InstanceState::Starting;
  TimePoint busy_until{};
  TimePoint drain_deadline;
  std::optional<HoldOrder> hold;
  TimePoint hold_until;
  SteeringTerm::Until held_until = SteeringTerm::Until::Told;
  Millis look_after{0};  // whether it is alone
  TimePoint look_at;

  [[nodiscard]] bool runs() const { return record.server.pid != 0; }
  // Also one that has become unready since.
  [[nodiscard]] bool serves() const { return runs() && listening && was_ready && !draining; }
  [[nodiscard]] bool good() const { return runs() && listening && ready && !draining; }
};

// Servers that follow their scripts on a fake clock. They outlive their subscribers, as real ones do.
class FakeInstances final : public Instances, public InstanceSockets {
 public:
  explicit FakeInstances(FakeScheduler& scheduler) : scheduler_(scheduler) {}

  // The script of the next launches of a release, one after the other; the last one is used for all later
  // launches.
  std::map<std::string, std::deque<ServerScript>> scripts;
  std::vector<ListenSocket> strangers;
  std::optional<SocketHolder> holder;  // of all sockets that are asked about
  std::set<InstanceId> coming_up;      // their shims have their orders, but no record yet
  ActWatcher* watcher = nullptr;
  std::function<void(InstanceId)> refill;  // a shim puts its restarted server's listener back into its slot
  std::function<void()>
      look_whether_alone;  // a shim looks whether it may end the steering that was left to it

  [[nodiscard]] const std::map<InstanceId, FakeServer>& servers() const { return servers_; }
  [[nodiscard]] const FakeServer* find(InstanceId id) const {
    const auto found = servers_.find(id);
    return found == servers_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] bool good(InstanceId id) const {
    const FakeServer* server = find(id);
    return server != nullptr && server->good();
  }
  template <typename Predicate>
  [[nodiscard]] std::vector<InstanceId> which(Predicate holds) const {
    std::vector<InstanceId> ids;
    for (const auto& [id, server] : servers_)
      if (holds(server)) ids.push_back(id);
    return ids;
  }
  [[nodiscard]] std::vector<InstanceId> ids() const {
    return which([](const FakeServer&) { return true; });
  }

  // An instance that has served for long.
  void stand(const LaunchSpec& spec, const ServerScript& script) {
    FakeServer& server = make(spec, script);
    server.role = server.record.state = InstanceState::Serving;
    server.listening = server.ready = server.was_ready = true;
    server.record.ready_after = Millis(3);
    start_process(spec.instance);
    changed();
  }

  // An instance exits unasked.
  void die(InstanceId id, ExitStatus exit = {{}, 11}) {
    if (const FakeServer* server = find(id); server != nullptr && server->runs()) on_exit(id, exit);
  }
  // Shims act on their own account only while no rollctl is at work.
  void rollctl_begins() { rollctl_is_at_work_ = true; }
  void rollctl_ends() {
    rollctl_is_at_work_ = false;
    if (look_whether_alone) look_whether_alone();
  }
  void let_go_of_steering() {
    for (auto& [id, server] : servers_) server.holds_steering = false;
  }
  void lose_shim(InstanceId id) {
    const auto found = servers_.find(id);
    if (found == servers_.end() || !found->second.shim_lives) return;
    FakeServer& server = found->second;
    server.shim_lives = server.holds_steering = false;
    if (server.runs()) return tell(InstanceEvent::Kind::Orphaned, id);
    end_unasked(id);
  }
  // It does not know DrainScope::All.
  std::optional<HttpReport> http;  // what every drain tells of its clients

  void make_shim_older(InstanceId id) {
    servers_.at(id).record.tells_all = false;
    servers_.at(id).record.asks_http = false;
  }
  void silence_shim(InstanceId id) {
    servers_.at(id).shim_answers = false;
    servers_.at(id).record.shim = ProcessRef::self()->id();  // a process that lives
  }
  // The server asks for more time to drain.
  void extend_drain(InstanceId id, Millis from_now) {
    FakeServer& server = servers_.at(id);
    server.drain_deadline = scheduler_.now() + from_now;
    server.record.drain_deadline = server.drain_deadline;
    cut_at_deadline(id);
    tell(InstanceEvent::Kind::StatusText, id);
  }
  // Server and shim die together, as when the machine runs out of memory.
  void lose_all_of(InstanceId id) {
    const auto found = servers_.find(id);
    if (found == servers_.end()) return;
    found->second.shim_lives = false;
    if (watcher != nullptr) watcher->server_failed(id);
    end_unasked(id);
  }
  // The server closes its listener, or opens another in its place.
  void close_listener(InstanceId id) {
    servers_.at(id).listening = false;
    changed();
  }
  void reopen_listener(InstanceId id) {
    servers_.at(id).inode += 100'000;
    servers_.at(id).listening = true;
    changed();
  }
  void become_unready(InstanceId id) {
    const auto found = servers_.find(id);
    if (found == servers_.end() || !found->second.ready) return;
    found->second.ready = false;
    if (watcher != nullptr) watcher->server_failed(id);
  }

  void subscribe(OnEvent on_event) override { on_event_ = std::move(on_event); }

  Result<std::vector<FoundInstance>> discover() override {
    std::vector<FoundInstance> found;
    for (const auto& [id, server] : servers_) {
      const Presence presence = coming_up.contains(id) ? Presence::Remains
                                : !server.shim_lives   ? Presence::Unsupervised
                                : server.shim_answers  ? Presence::Supervised
                                                       : Presence::Silent;
      found.push_back({server.record, presence});
    }
    return found;
  }

  Status launch(const LaunchSpec& spec, Acknowledgement& intent) override {
    const InstanceId id = spec.instance;
    if (Status intended = intent.await(); !intended) return intended;
    if (watcher != nullptr) watcher->will_launch(id);
    EXPECT_TRUE(used_.insert(id).second) << "the id " << id << " was used before";
    std::deque<ServerScript>& scripted = scripts[spec.release];
    const ServerScript script = scripted.empty() ? ServerScript() : scripted.front();
    if (scripted.size() > 1) scripted.pop_front();
    if (!script.refused.empty()) return fail(ErrorKind::Failed, script.refused);
    make(spec, script);
    if (script.launch_fails.empty()) {
      const int life = ++lives_;
      servers_.at(id).record.server.start_ticks = static_cast<uint64_t>(life);
      later(id, kExec, [this, id] {
        start_process(id);
        tell(InstanceEvent::Kind::Launched, id);
      });
    } else {
      later(id, kExec, [this, id, why = script.launch_fails] {
        const InstanceRecord record = servers_.at(id).record;
        servers_.erase(id);
        tell_now({InstanceEvent::Kind::LaunchFailed, id, record, {}, why, 0});
      });
    }
    return {};
  }

  Result<std::vector<Listener>> listeners(InstanceId id) override {
    const FakeServer* server = find(id);
    if (server == nullptr) return fail(ErrorKind::NotFound, "it has ended");
    std::vector<Listener> listeners;
    if (server->listening) listeners.push_back({Fd(), bound(), server->inode});
    return listeners;
  }

  bool listeners_changed(InstanceId) override { return true; }

  Result<std::vector<ListenSocket>> listen_sockets() override {
    std::vector<ListenSocket> sockets = strangers;
    for (const auto& [id, server] : servers_) {
      ListenSocket socket;
      socket.bound = bound();
      socket.inode = server.inode;
      socket.uid = server.script.uid;
      if (server.listening) sockets.push_back(socket);
    }
    return sockets;
  }

  std::vector<ListenSocket> listens_elsewhere(InstanceId) override { return {}; }
  Result<SocketHolder> holder_of(const ListenSocket& socket) override {
    if (holder) return *holder;
    if (which([&](const FakeServer& server) { return server.inode == socket.inode; }).empty())
      return SocketHolder{SocketHolder::Who::Stranger, "nginx (pid 12)"};
    return SocketHolder{SocketHolder::Who::Instance, {}};
  }

  Acknowledgement set_role(InstanceId id, const RoleOrder& role) override {
    const auto found = servers_.find(id);
    if (found == servers_.end()) return fail(ErrorKind::NotFound, "it has ended");
    FakeServer& server = found->second;
    if (server.draining || server.record.state == InstanceState::Failed)
      return fail(ErrorKind::Failed, "it drains");
    server.role = role.state;
    server.record.weight = role.weight;
    if (role.generation) server.record.generation = *role.generation;
    if (server.record.state != InstanceState::Restarting) server.record.state = role.state;
    server.hold = role.hold;
    if (role.hold) server.hold_until = scheduler_.now() + role.hold->duration;
    if (role.hold) end_hold_later(id, role.hold->duration);
    return Status();
  }

  bool is_busy(InstanceId id) override {
    const FakeServer* server = find(id);
    return server != nullptr && scheduler_.now() < server->busy_until;
  }
  Status open_gate(InstanceId) override { return {}; }

  Acknowledgement hold_steering(InstanceId id, std::vector<SteeringHandle> handles,
                                SteeringTerm term) override {
    const auto found = servers_.find(id);
    if (found == servers_.end()) return fail(ErrorKind::NotFound, "it has ended");
    found->second.holds_steering = found->second.shim_lives && !handles.empty();
    found->second.held_until = term.until;
    found->second.look_after = term.look_after;
    found->second.look_at = scheduler_.now() + term.look_after;
    return Status();
  }
  Acknowledgement drain(InstanceId id, const DrainOrder& order) override {
    if (watcher != nullptr) watcher->will_drain(id);
    return begin_drain(id, order);
  }
  Status begin_drain(InstanceId id, const DrainOrder& order) {
    const auto found = servers_.find(id);
    if (found == servers_.end()) return {};  // it has ended
    FakeServer& server = found->second;
    const TimePoint deadline = scheduler_.now() + order.deadline;
    if (server.draining) {
      server.drain_deadline = std::min(server.drain_deadline, deadline);
      cut_at_deadline(id);
      return {};
    }
    server.draining = true;
    server.record.state = InstanceState::Draining;
    server.drain_deadline = deadline;
    server.record.drain_deadline = deadline;
    if (!server.runs()) {
      scheduler_.in(Micros(0), [this, id] { end_drained(id, servers_.at(id).record.exit, 0); });
      return {};
    }
    if (server.script.closes) later(id, *server.script.closes, [this, id] { close(id); });
    if (server.script.drain_takes)
      later(id, *server.script.drain_takes, [this, id] { end_drained(id, ExitStatus{0, {}}, 0); });
    cut_at_deadline(id);
    changed();
    return {};
  }

  std::map<InstanceId, LeftProcesses> left;  // by their main processes
  [[nodiscard]] std::optional<LeftProcesses> left_processes(InstanceId id) const override {
    const auto found = left.find(id);
    return found == left.end() || !servers_.contains(id) ? std::nullopt : std::optional(found->second);
  }

  Result<Remnant> clear_remains(InstanceId id) override {
    return coming_up.erase(id) > 0 ? Remnant::CameUp : Remnant::Cleared;
  }

  Stranded wake_stranded() override { return Stranded::Over; }
  Result<size_t> connections(InstanceId id) override {
    const FakeServer* server = find(id);
    return server != nullptr && server->runs() ? server->script.connections : 0;
  }

 private:
  static constexpr Micros kExec{1000};
  static constexpr Millis kTurnAgain{250};

  static Endpoint bound() {
    Endpoint endpoint;
    endpoint.ip = IpAddress::v4(0);
    endpoint.port = 8080;
    return endpoint;
  }

  FakeServer& make(const LaunchSpec& spec, const ServerScript& script) {
    used_.insert(spec.instance);
    FakeServer& server = servers_[spec.instance];
    server.script = script;
    server.record.id = spec.instance;
    server.record.app = spec.app;
    server.record.release = spec.release;
    server.record.generation = spec.generation;
    server.record.tells_all = true;
    server.record.asks_http = true;
    return server;
  }

  // Nothing happens where its process is another one by then.
  void later(InstanceId id, Micros delay, std::function<void()> event) {
    const uint64_t life = servers_.at(id).record.server.start_ticks;
    scheduler_.in(delay, [this, id, life, event = std::move(event)] {
      if (const FakeServer* server = find(id); server != nullptr && server->record.server.start_ticks == life)
        event();
    });
  }

  // As its shim does. Another role ends the hold.
  void end_hold_later(InstanceId id, Millis duration) {
    scheduler_.in(duration, [this, id, until = scheduler_.now() + duration] {
      const FakeServer* server = find(id);
      if (server == nullptr || !server->hold || server->hold_until != until || !server->shim_lives) return;
      if (rollctl_is_at_work_) {
        servers_.at(id).hold_until = scheduler_.now() + kTurnAgain;
        return end_hold_later(id, kTurnAgain);
      }
      (void)begin_drain(id, server->hold->drain);
    });
  }

  void start_process(InstanceId id) {
    FakeServer& server = servers_.at(id);
    const int life = ++lives_;
    server.record.server = {1000 + life, static_cast<uint64_t>(life), "boot"};
    server.inode = static_cast<uint32_t>(5000 + life);
    const ServerScript& script = server.script;
    if (script.listens && !server.listening) later(id, *script.listens, [this, id] { listen(id); });
    if (script.ready && !server.ready) later(id, *script.ready, [this, id] { become_ready(id); });
    if (script.unready) later(id, *script.unready, [this, id] { become_unready(id); });
    if (script.exits) later(id, *script.exits, [this, id] { on_exit(id, servers_.at(id).script.exit); });
  }

  void listen(InstanceId id) {
    FakeServer& server = servers_.at(id);
    if (server.draining) return;
    server.listening = true;
    server.busy_until = scheduler_.now() + server.script.busy;
    if (server.record.state == InstanceState::Restarting && server.holds_steering && refill) refill(id);
    changed();
  }

  void become_ready(InstanceId id) {
    FakeServer& server = servers_.at(id);
    server.ready = server.was_ready = true;
    if (server.record.state == InstanceState::Restarting) {
      server.record.state = server.role;
      tell(InstanceEvent::Kind::StatusText, id);
    }
    changed();
  }

  void close(InstanceId id) {
    servers_.at(id).listening = false;
    changed();
  }

  void on_exit(InstanceId id, ExitStatus exit) {
    FakeServer& server = servers_.at(id);
    server.listening = server.ready = false;
    if (server.draining) return end_drained(id, exit, 0);
    if (watcher != nullptr) watcher->server_failed(id);
    if (!server.shim_lives) return end_unasked(id);
    server.record.server = {};
    server.record.exit = exit;
    const bool again = server.script.restarts_after && server.role == InstanceState::Serving;
    server.record.state = again ? InstanceState::Restarting : InstanceState::Failed;
    tell(InstanceEvent::Kind::Exited, id);
    if (again) later(id, *server.script.restarts_after, [this, id] { restart(id); });
    changed();
  }

  void restart(InstanceId id) {
    FakeServer& server = servers_.at(id);
    if (server.draining) return;
    server.script.exits.reset();
    server.script.unready.reset();
    start_process(id);
    tell(InstanceEvent::Kind::Restarted, id);
  }

  void end_drained(InstanceId id, std::optional<ExitStatus> exit, size_t cut) {
    const auto found = servers_.find(id);
    if (found == servers_.end()) return;
    InstanceRecord record = found->second.record;
    record.state = InstanceState::Stopped;
    record.server = {};
    record.http = http;
    servers_.erase(found);
    tell_later({InstanceEvent::Kind::Ended, id, record, exit, {}, cut});
    if (look_whether_alone && !rollctl_is_at_work_) look_whether_alone();
    changed();
  }

  // Tells the end of shim and server as the real instances do.
  void end_unasked(InstanceId id) {
    FakeServer& server = servers_.at(id);
    if (server.draining) return end_drained(id, {}, 0);
    InstanceRecord record = server.record;
    record.state = InstanceState::Stopped;
    record.server = {};
    servers_.erase(id);
    tell_later({InstanceEvent::Kind::Exited, id, record, {}, {}, 0});
    changed();
  }

  void cut_at_deadline(InstanceId id) {
    scheduler_.at(servers_.at(id).drain_deadline, [this, id] {
      const FakeServer* server = find(id);
      if (server == nullptr || scheduler_.now() < server->drain_deadline) return;
      end_drained(id, ExitStatus{{}, 9}, server->script.connections);
    });
  }

  void tell(InstanceEvent::Kind kind, InstanceId id) {
    const FakeServer& server = servers_.at(id);
    tell_later({kind, id, server.record, server.record.exit, {}, 0});
  }
  void tell_later(const InstanceEvent& event) {
    scheduler_.in(Micros(0), [this, event] { tell_now(event); });
  }
  void tell_now(const InstanceEvent& event) {
    if (on_event_) on_event_(event);
  }
  void changed() {
    if (watcher != nullptr) watcher->changed();
  }

  FakeScheduler& scheduler_;
  OnEvent on_event_;
  std::map<InstanceId, FakeServer> servers_;
  std::set<InstanceId> used_;
  int lives_ = 0;
  bool rollctl_is_at_work_ = false;
};

}  // namespace rollctl::test
