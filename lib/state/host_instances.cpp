// SPDX-License-Identifier: MIT
#include "state/host_instances.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <tuple>
#include <utility>

#include "net/process_sockets.h"
#include "state/instance_folders.h"
#include "state/silent_shims.h"

namespace rollctl {

namespace {

// A socket may pass to another process, a child for example, while the set of sockets stays the same.
constexpr Millis kLookAnyway{50};
constexpr Millis kNudgeBound{200};
constexpr Millis kStartBound{5000};
constexpr Millis kStartPoll{1};
constexpr Millis kCallAgain{5};
constexpr Millis kAdoptAgain{20};

// Errors that mean: no shim there, or none that answers. (EAGAIN and ETIMEDOUT: its backlog stays full.)
bool is_answer(const Error& error) {
  constexpr std::array kAnswers{0,          ENOENT, ESRCH,  ENOTDIR,  ECONNREFUSED,
                                ECONNRESET, EPIPE,  EAGAIN, ETIMEDOUT};
  return std::find(kAnswers.begin(), kAnswers.end(), error.os_error) != kAnswers.end() &&
         error.kind != ErrorKind::NotPermitted;
}

}  // namespace

ShimClient* HostInstances::Known::shim() const {
  const auto* shim = std::get_if<std::unique_ptr<ShimClient>>(&keeper);
  return shim != nullptr ? shim->get() : nullptr;
}

Orphan* HostInstances::Known::orphan() const {
  const auto* orphan = std::get_if<std::unique_ptr<Orphan>>(&keeper);
  return orphan != nullptr ? orphan->get() : nullptr;
}

Presence HostInstances::presence_of(const Known& known) {
  if (known.shim() != nullptr) return Presence::Supervised;
  if (known.orphan() != nullptr) return Presence::Unsupervised;
  return known.is_silent() ? Presence::Silent : Presence::Remains;
}

Result<std::unique_ptr<HostInstances>> HostInstances::create(Loop& loop, const Paths& paths, std::string app,
                                                             std::vector<ListenAddress> listen) {
  auto diag = SockDiag::create();
  if (!diag) return fail(diag.error());
  return std::unique_ptr<HostInstances>(
      new HostInstances(loop, paths, std::move(app), std::move(listen), std::move(*diag)));
}

HostInstances::HostInstances(Loop& loop, const Paths& paths, std::string app,
                             std::vector<ListenAddress> listen, SockDiag diag)
    : loop_(loop), paths_(paths), app_(std::move(app)), listen_(std::move(listen)), diag_(std::move(diag)) {}

void HostInstances::call_shims(const std::vector<InstanceId>& ids) {
  for (InstanceId id : ids) {
    const auto known = known_.find(id);
    const bool is_known = known != known_.end() && known->second.has_keeper();
    if (is_known || called_.contains(id) || prepared_.contains(id) || shimless_.contains(id)) continue;
    first_called_[id] = loop_.now();
    call_shim(id);
  }
}

void HostInstances::call_shim(InstanceId id) {
  auto introduction = ShimClient::call(loop_, paths_.instance(app_, id),
                                       [this, id](const ShimEvent& event) { on_shim_event(id, event); });
  if (introduction) called_.emplace(id, std::move(*introduction));
  if (!introduction) (void)is_no_answer(introduction.error());
}

bool HostInstances::is_no_answer(const Error& error) {
  if (is_answer(error)) return false;
  if (!no_answer_) no_answer_ = error;
  return true;
}

bool HostInstances::is_claimed(InstanceId id) const {
  return is_instance_claimed(paths_, app_, id);
}

Result<std::vector<FoundInstance>> HostInstances::discover() {
  const auto ids = list_instance_folders(paths_, app_);
  if (!ids) return fail(ids.error());
  call_shims(*ids);
  std::erase_if(known_, [](const auto& entry) { return entry.second.over; });
  std::vector<FoundInstance> found;
  for (InstanceId id : *ids) {
    if (prepared_.contains(id)) continue;  // to be launched from here
    auto& known = known_[id];
    if (!known.has_keeper()) meet(id, known);
    if (auto error = std::exchange(no_answer_, std::nullopt))
      return fail(with_context(std::move(*error), fmt::format("cannot look at instance {}", id)));
    if (known.shim() != nullptr) known.record = known.shim()->record();
    if (known.orphan() != nullptr) known.record = known.orphan()->record();
    known.record.id = id;
    const Presence presence = presence_of(known);
    found.push_back({known.record, presence});
    if (presence == Presence::Remains) known_.erase(id);
  }
  return found;
}

std::unique_ptr<ShimClient> HostInstances::hear_shim(InstanceId id) {
  const TimePoint deadline = first_called_[id] + kShimPatience;
  for (;;) {
    // Waits for the answer, at most kShimPatience.
    if (const auto called = called_.extract(id)) {
      auto shim = called.mapped()();
      if (shim) return std::move(*shim);
      if (is_no_answer(shim.error())) return nullptr;
    }
    if (no_answer_) return nullptr;
    // A shim listens before it writes its record. Without a record it is only starting.
    const auto came_up = has_instance_record(paths_.instance(app_, id));
    if (!came_up && is_no_answer(came_up.error())) return nullptr;
    if (!came_up.value_or(false) || !is_claimed(id) || loop_.now() >= deadline) return nullptr;
    std::this_thread::sleep_for(kCallAgain);
    call_shim(id);
  }
}

void HostInstances::meet(InstanceId id, Known& known) {
  if (auto shim = hear_shim(id)) known.keeper = std::move(shim);
  if (known.shim() != nullptr || no_answer_) return;
  auto record = read_instance_record(paths_.instance(app_, id));
  if (!record) (void)is_no_answer(record.error());
  if (!record) return;
  known.record = std::move(*record);
  if (is_claimed(id)) {
    known.keeper = SilentShim();
    return;
  }
  shimless_.insert(id);
  adopt(id, known);
}

bool HostInstances::call_again(InstanceId id, Known& known) {
  first_called_[id] = loop_.now();
  call_shim(id);
  if (auto shim = hear_shim(id)) {
    known.keeper = std::move(shim);
  } else {
    if (is_claimed(id)) known.keeper = SilentShim();
    return known.is_silent();
  }
  const InstanceRecord before = std::exchange(known.record, known.shim()->record());
  const InstanceRecord& now = known.record;
  known.record.spec = before.spec;
  if (known.drain_ordered) {
    const auto left = std::chrono::duration_cast<Millis>(known.drain_deadline - loop_.now());
    DrainOrder again = known.drain_order;
    again.deadline = std::max(left, Millis(0));
    (void)known.shim()->drain(again);
  }
  // A server may also have replaced itself.
  const bool has_died = now.server.pid == 0 || now.restarts != before.restarts;
  if (!(now.server == before.server) && before.server.pid != 0 && has_died) {
    known.exit = now.exit;
    tell(id, InstanceEvent::Kind::Exited);
    if (now.server.pid != 0) tell(id, InstanceEvent::Kind::Restarted);
  }
  if (now.notified_ready && !before.notified_ready) tell(id, InstanceEvent::Kind::NotifiedReady);
  tell(id, InstanceEvent::Kind::StatusText);
  return true;
}

void HostInstances::adopt(InstanceId id, Known& known) {
  auto orphan = Orphan::adopt(loop_, diag_, known.record, [this, id](const Orphan::Cut& cut) {
    Known& ended = known_[id];
    ended.connections_cut = cut.connections;
    ended.processes_killed = cut.processes;
    end(id, ended);
  });
  if (orphan) known.keeper = std::move(*orphan);
  if (!orphan && orphan.error().kind != ErrorKind::NotFound && !no_answer_) no_answer_ = orphan.error();
}

HostInstances::~HostInstances() {
  for (auto& [id, shim] : prepared_) {
    shim.reset();
    (void)remove_instance_folder(paths_, app_, id);
  }
}

Result<std::unique_ptr<WaitingShim>> HostInstances::start_shim(const LaunchSpec& spec) {
  if (Status claimed = claim_instance_folder(paths_, app_, spec.instance); !claimed)
    return fail(claimed.error());
  auto shim = WaitingShim::start(paths_.shim_program(), spec);
  // No shim was started in the folder. Without a free descriptor it cannot be moved; then it holds only the
  // socket.
  if (!shim && !remove_instance_folder(paths_, app_, spec.instance)) {
    ::unlink((spec.run_dir + "/" + kLaunchSocket).c_str());
    ::rmdir(spec.run_dir.c_str());
  }
  return shim;
}

void HostInstances::prepare(const LaunchSpec& spec) {
  if (auto shim = start_shim(spec)) prepared_[spec.instance] = std::move(*shim);
}

Status HostInstances::launch(const LaunchSpec& spec, Acknowledgement& intent) {
  const InstanceId id = spec.instance;
  auto prepared = prepared_.extract(id);
  auto waiting =
      prepared ? Result<std::unique_ptr<WaitingShim>>(std::move(prepared.mapped())) : start_shim(spec);
  if (!waiting) return fail(waiting.error());
  Known& known = known_[id];
  auto shim = (*waiting)->launch(loop_, spec, intent,
                                 [this, id](const ShimEvent& event) { on_shim_event(id, event); });
  if (!shim) {
    known_.erase(id);
    waiting->reset();
    (void)remove_instance_folder(paths_, app_, id);
    return fail(shim.error());
  }
  launched_[id] = std::move(*waiting);
  known.record = (*shim)->record();
  known.keeper = std::move(*shim);
  return {};
}

void HostInstances::on_shim_event(InstanceId id, const ShimEvent& event) {
  const auto found = known_.find(id);
  if (found == known_.end()) return;
  Known& known = found->second;
  known.record = event.record;
  using Kind = ShimEvent::Kind;
  switch (event.kind) {
    case Kind::Launched:
      launched_.erase(id);  // it keeps three descriptors
      return tell(id, InstanceEvent::Kind::Launched);
    case Kind::LaunchFailed:
      known.over = true;
      return tell(id, InstanceEvent::Kind::LaunchFailed, event.message);
    case Kind::NotifiedReady:
      return tell(id, InstanceEvent::Kind::NotifiedReady);
    case Kind::StatusText:
      if (known.drain_ordered && known.record.drain_deadline)
        known.drain_deadline = *known.record.drain_deadline;
      return tell(id, InstanceEvent::Kind::StatusText);
    case Kind::Exited:
      known.exit = event.exit;
      // Before this event the shim has removed its folder.
      known.connections_cut = event.connections_cut.value_or(0);
      known.processes_killed = event.processes_killed;
      if (event.record.state == InstanceState::Stopped) return end(id, known);
      return tell(id, InstanceEvent::Kind::Exited, event.message);
    case Kind::Restarted:
      return tell(id, InstanceEvent::Kind::Restarted);
    case Kind::Gone:
      return on_shim_gone(id, known);
  }
}

void HostInstances::on_shim_gone(InstanceId id, Known& known) {
  retire(known);
  if (known.over) return;
  if (known.record.state == InstanceState::Stopped) return end(id, known);
  // A shim closes the connection of a client that does not read.
  if (call_again(id, known)) return;

  lost_shim(id, known);
}

// The instance has ended only if its server is known to have exited.
void HostInstances::lost_shim(InstanceId id, Known& known) {
  // The shim may have died between starting a server and its event. It writes the record before the server
  // runs.
  const auto on_file = read_instance_record(paths_.instance(app_, id));
  if (on_file) known.record.server = on_file->server;
  if (!on_file && is_no_answer(on_file.error())) return adopt_later(id, known);
  adopt(id, known);
  if (known.orphan() == nullptr && no_answer_) return adopt_later(id, known);
  if (known.orphan() == nullptr) return end(id, known);
  if (known.missed_role) (void)known.orphan()->set_role(*known.missed_role);
  tell(id, InstanceEvent::Kind::Orphaned);
  if (!known.drain_ordered) return;
  // The shim can no longer enforce the drain's deadline.
  const auto left = std::chrono::duration_cast<Millis>(known.drain_deadline - loop_.now());
  DrainOrder again = known.drain_order;
  again.deadline = std::max(left, Millis(0));
  (void)known.orphan()->drain(again);
}

void HostInstances::adopt_later(InstanceId id, Known& known) {
  no_answer_.reset();
  known.keeper = SilentShim();
  known.adopt_again = loop_.after(kAdoptAgain, [this, id] {
    Known& again = known_[id];
    again.keeper = {};
    lost_shim(id, again);
  });
}

void HostInstances::end(InstanceId id, Known& known) {
  if (known.over) return;
  known.over = true;
  if (known.orphan() != nullptr) retire(known);
  (void)remove_instance_folder(paths_, app_, id);
  known.record.state = InstanceState::Stopped;
  tell(id, known.drain_ordered ? InstanceEvent::Kind::Ended : InstanceEvent::Kind::Exited);
}

void HostInstances::retire(Known& known) {
  retired_.push_back(std::exchange(known.keeper, {}));
  sweep_ = loop_.after(Micros(0), [this] { retired_.clear(); });
}

void HostInstances::tell(InstanceId id, InstanceEvent::Kind kind, std::string message) {
  if (!on_event_) return;
  const Known& known = known_[id];
  on_event_({kind, id, known.record, known.exit, std::move(message), known.connections_cut,
             known.processes_killed});
}

Result<HostInstances::Known*> HostInstances::known(InstanceId id) {
  const auto found = known_.find(id);
  if (found != known_.end() && found->second.is_silent()) return fail(silent_shims({found->second.record}));
  if (found == known_.end() || !found->second.has_keeper())
    return fail(ErrorKind::NotFound, fmt::format("instance {} has ended", id));
  return &found->second;
}

// A shim that closed its connection just now is no failure: on_shim_gone() follows, and the order is carried
// out without the shim.
Status HostInstances::unless_gone(const Known& known, const Status& asked) {
  return !asked && known.shim()->has_gone() ? Status() : asked;
}

std::vector<uint16_t> HostInstances::ports() const {
  std::vector<uint16_t> ports;
  const auto add = [&](const std::vector<ListenAddress>& addresses) {
    for (const ListenAddress& address : addresses) {
      if (std::find(ports.begin(), ports.end(), address.endpoint.port) == ports.end())
        ports.push_back(address.endpoint.port);
    }
  };
  add(listen_);
  for (const auto& [id, known] : known_) add(known.record.spec.listen);
  return ports;
}

Result<std::vector<Listener>> HostInstances::listeners(InstanceId id) {
  auto found = known(id);
  if (!found) return fail(found.error());
  auto taken = take_or_ask(**found);
  const bool is_refused = !taken && taken.error().kind == ErrorKind::NotPermitted;
  if (!is_refused || descriptors_ == Descriptors::Required) return taken;
  auto seen = see_listeners(**found);
  return seen ? std::move(seen) : std::move(taken);
}

// This process may lack the permission to duplicate them. The shim has it, as the server's parent, and holds
// inherited listeners itself.
Result<std::vector<Listener>> HostInstances::take_or_ask(Known& known) {
  const bool are_inherited = known.record.spec.sockets == LaunchSpec::Sockets::Inherited;
  if (known.shim() == nullptr || !are_inherited) {
    auto listeners = take_listeners(known);
    if (listeners || known.shim() == nullptr) return listeners;
  }
  auto listeners = known.shim()->take_listeners();
  return listeners || !known.shim()->has_gone() ? std::move(listeners) : take_listeners(known);
}

// A process that the server double-forked is a child of the shim, not of the server.
Result<std::vector<TakenListener>> HostInstances::take_from_processes(const InstanceRecord& record,
                                                                      std::span<const ListenSocket> sockets) {
  const std::vector<ListenAddress>& addresses = record.spec.listen;
  auto taken = listeners_of(sockets, record.server, addresses);
  if (!taken || serve_all(*taken, addresses) || !ProcessRef::open(record.shim)) return taken;
  const auto children = child_processes(record.shim.pid);
  if (!children) return fail(children.error());
  for (const pid_t pid : *children) {
    const auto child = ProcessRef::open(pid);
    if (!child || child->id() == record.server) continue;
    auto more = listeners_of(sockets, child->id(), addresses);
    if (!more && more.error().kind == ErrorKind::NotFound) continue;
    if (!more) return fail(more.error());
    for (TakenListener& listener : *more) {
      const auto is_same = [&](const TakenListener& other) {
        return other.place.inode == listener.place.inode;
      };
      if (std::ranges::none_of(*taken, is_same)) taken->push_back(std::move(listener));
    }
  }
  return taken;
}

Result<std::vector<Listener>> HostInstances::take_listeners(Known& known) {
  auto sockets = std::exchange(known.seen, std::nullopt);
  if (!sockets) {
    auto now = listen_sockets();
    if (!now) return fail(now.error());
    sockets = std::move(*now);
  }
  auto taken = take_from_processes(known.record, *sockets);
  if (!taken) return fail(taken.error());
  std::vector<Listener> listeners;
  known.listeners.clear();
  for (TakenListener& listener : *taken) {
    known.listeners.emplace(listener.socket.bound, listener.place);
    listeners.push_back(
        {std::move(listener.fd), listener.socket.bound, listener.socket.inode, group_of(listener.socket)});
  }
  return listeners;
}

Result<std::vector<Listener>> HostInstances::see_listeners(const Known& known) {
  const auto& [server, addresses] = std::tie(known.record.server, known.record.spec.listen);
  const auto listening = listen_sockets();
  if (!listening) return fail(listening.error());
  const auto seen = find_listeners(*listening, server, addresses);
  if (!seen) return fail(seen.error());
  std::vector<Listener> listeners;
  for (const ListenSocket& socket : *seen)
    listeners.push_back({Fd(), socket.bound, socket.inode, group_of(socket)});
  return listeners;
}

Result<Fd> HostInstances::listener(InstanceId id, const Endpoint& bound) {
  if (const auto found = known_.find(id); found != known_.end()) {
    const auto [first, last] = found->second.listeners.equal_range(bound);
    for (auto place = first; place != last; ++place)
      if (auto again = take_again(place->second)) return again;
  }
  auto all = listeners(id);
  if (!all) return fail(all.error());
  for (Listener& listener : *all)
    if (listener.bound == bound && listener.fd) return std::move(listener.fd);
  return fail(ErrorKind::NotFound, fmt::format("instance {} does not listen on {}", id, bound.text()));
}

bool HostInstances::listeners_changed(InstanceId id) {
  auto found = known(id);
  if (!found) return true;
  Known& known = **found;
  auto sockets = listen_sockets();
  if (!sockets) return true;
  std::vector<uint32_t> inodes;
  inodes.reserve(sockets->size());
  for (const ListenSocket& socket : *sockets) inodes.push_back(socket.inode);
  std::sort(inodes.begin(), inodes.end());
  if (inodes == known.listening && loop_.now() - known.looked_at < kLookAnyway) return false;
  known.listening = std::move(inodes);
  known.looked_at = loop_.now();
  known.seen = std::move(*sockets);
  return true;
}

Result<std::vector<ListenSocket>> HostInstances::listen_sockets() {
  std::vector<ListenAddress> addresses = listen_;
  for (const auto& [id, known] : known_)
    addresses.insert(addresses.end(), known.record.spec.listen.begin(), known.record.spec.listen.end());
  return diag_.listeners(ports(), families_of(addresses));
}

std::vector<ListenSocket> HostInstances::listens_elsewhere(InstanceId id) {
  const auto found = known(id);
  const auto sockets = diag_.listeners(ports());
  if (!found || !sockets) return {};
  const auto inodes = socket_inodes((*found)->record.server);
  if (!inodes) return {};
  std::vector<ListenSocket> elsewhere;
  for (const ListenSocket& socket : *sockets) {
    const bool its_own = std::binary_search(inodes->begin(), inodes->end(), socket.inode);
    const bool wanted = std::any_of(listen_.begin(), listen_.end(), [&](const ListenAddress& address) {
      return address.matches(socket.bound);
    });
    if (its_own && !wanted) elsewhere.push_back(socket);
  }
  return elsewhere;
}

// A shim is the subreaper of its server's descendants, so those that were double-forked descend from it, too.
std::vector<pid_t> HostInstances::ancestors() const {
  std::vector<pid_t> pids;
  for (const auto& [id, known] : known_) {
    for (const ProcessId& process : {known.record.shim, known.record.server})
      if (ProcessRef::open(process)) pids.push_back(process.pid);
  }
  return pids;
}

Result<bool> HostInstances::still_listens(const ListenSocket& socket) {
  const auto sockets = diag_.listeners(std::span(&socket.bound.port, 1));
  if (!sockets) return fail(sockets.error());
  return std::ranges::find(*sockets, socket.cookie, &ListenSocket::cookie) != sockets->end();
}

// A worker may exit at any moment: its ancestors are known only as long as it lives, and its socket may live
// on in others.
Result<SocketHolder> HostInstances::holder_of(const ListenSocket& socket) {
  constexpr int kMostLooks = 5;
  using Who = SocketHolder::Who;
  for (int looks = 1;; ++looks) {
    const auto holders = find_holders(socket.inode);
    if (!holders) return fail(holders.error());
    const std::vector<pid_t> roots = ancestors();
    for (const ProcessRef& holder : *holders) {
      for (const pid_t root : roots)
        if (is_in_process_tree(holder.id().pid, root).value_or(false)) return SocketHolder{Who::Instance, {}};
    }
    const auto listens = still_listens(socket);
    if (!listens) return fail(listens.error());
    if (!*listens) return SocketHolder{Who::Nobody, {}};
    if (holders->empty() && count_own_descriptors(socket.inode).value_or(0) > 0)
      return SocketHolder{Who::Instance, {}};
    if (std::ranges::any_of(*holders, &ProcessRef::has_exited) && looks < kMostLooks) continue;
    if (holders->empty()) return SocketHolder{Who::Stranger, {}};
    const pid_t owner = holders->front().id().pid;
    return SocketHolder{Who::Stranger, SocketOwner{owner, command_of(owner)}.text()};
  }
}

// If the shim dies before acknowledging, apply the role to the orphan.
Acknowledgement HostInstances::set_role(InstanceId id, const RoleOrder& role) {
  auto found = known(id);
  if (!found) return fail(found.error());
  if (Orphan* orphan = (*found)->orphan()) return orphan->set_role(role);
  return Acknowledgement([this, id, role, asked = (*found)->shim()->set_role(role)]() mutable -> Status {
    Status set = asked.await();
    auto now = known(id);
    if (set || !now) return set;
    if (Orphan* orphan = (*now)->orphan()) return orphan->set_role(role);
    if ((*now)->shim()->has_gone()) (*now)->missed_role = role;
    return unless_gone(**now, set);
  });
}

Acknowledgement HostInstances::hold_steering(InstanceId id, std::vector<SteeringHandle> handles,
                                             SteeringTerm term) {
  auto found = known(id);
  if (!found) return fail(found.error());
  if ((*found)->shim() == nullptr) return Status();
  return Acknowledgement(
      [this, id, asked = (*found)->shim()->hold_steering(std::move(handles), term)]() mutable -> Status {
        Status held = asked.await();
        auto now = known(id);
        if (held || !now) return held;
        return (*now)->shim() != nullptr ? unless_gone(**now, held) : Status();
      });
}

bool HostInstances::is_busy(InstanceId id) {
  const auto found = known(id);
  return found && rollctl::is_busy((*found)->record.server);
}

Status HostInstances::open_gate(InstanceId id) {
  auto found = known(id);
  if (!found) return fail(found.error());
  // An orphan's gate opened when its shim died.
  ShimClient* shim = (*found)->shim();
  return shim != nullptr ? unless_gone(**found, shim->open_gate()) : Status();
}

Result<std::vector<SteeringHandle>> HostInstances::take_steering(InstanceId id) {
  auto found = known(id);
  if (!found) return fail(found.error());
  if (ShimClient* shim = (*found)->shim()) return shim->take_steering();
  return std::vector<SteeringHandle>();
}

SteeringView HostInstances::look_at_steering(InstanceId id) {
  auto found = known(id);
  if (!found || (*found)->shim() == nullptr) return {};
  return (*found)->shim()->look_at_steering().value_or(SteeringView());
}

Acknowledgement HostInstances::drain(InstanceId id, const DrainOrder& order) {
  auto found = known(id);
  // It has ended already, and its last event was delivered.
  if (!found) return found.error().kind == ErrorKind::NotFound ? Status() : fail(found.error());
  Known& known = **found;
  known.drain_ordered = true;
  known.drain_order = order;
  known.drain_deadline = loop_.now() + order.deadline;
  if (Orphan* orphan = known.orphan()) return orphan->drain(order);
  return Acknowledgement([this, id, asked = known.shim()->drain(order)]() mutable -> Status {
    Status told = asked.await();
    if (!told && told.error().os_error == ETIMEDOUT) return {};
    auto now = this->known(id);
    return now && (*now)->shim() != nullptr ? unless_gone(**now, told) : Status();
  });
}

std::optional<LeftProcesses> HostInstances::left_processes(InstanceId id) const {
  const auto known = known_.find(id);
  if (known == known_.end() || known->second.shim() == nullptr) return std::nullopt;
  const InstanceRecord& record = known->second.shim()->record();
  LeftProcesses left;
  if (record.server.pid == 0) {
    if (!record.exit) return std::nullopt;
    left.exit = record.exit;
  } else {
    // A shim of an older version does not tell that the main process of a draining instance has ended.
    if (record.state != InstanceState::Draining) return std::nullopt;
    const auto main = ProcessRef::open(record.server);
    if (main ? !main->has_exited() : main.error().kind != ErrorKind::NotFound) return std::nullopt;
  }
  for (const pid_t pid : process_tree(record.shim.pid).value_or(std::vector<pid_t>())) {
    if (pid == record.shim.pid) continue;
    const auto process = ProcessRef::open(pid);
    if (process && !process->has_exited()) left.pids.push_back(pid);
  }
  if (left.pids.empty()) return std::nullopt;
  left.command = command_of(left.pids.front());
  return left;
}

// A shim whose rollctl was killed before the launch ends soon by itself. A shim that received its launch just
// before writes a record.
Result<Instances::Remnant> HostInstances::clear_remains(InstanceId id) {
  const TimePoint deadline = loop_.now() + kStartBound;
  for (;;) {
    const auto cleared = remove_instance_folder(paths_, app_, id);
    if (cleared) return *cleared == FolderEnd::Removed ? Remnant::Cleared : Remnant::Stays;
    if (cleared.error().kind != ErrorKind::Busy || loop_.now() >= deadline) return fail(cleared.error());
    if (has_instance_record(paths_.instance(app_, id)).value_or(false)) {
      shimless_.erase(id);
      return Remnant::CameUp;
    }
    std::this_thread::sleep_for(kStartPoll);
  }
}

InstanceSockets::Stranded HostInstances::wake_stranded() {
  if (!nudge_) {
    std::vector<Endpoint> bound;
    if (const auto sockets = listen_sockets())
      for (const ListenSocket& socket : *sockets) bound.push_back(socket.bound);
    auto nudge = Nudge::create(std::move(bound), kNudgeBound, loop_);
    if (!nudge) return Stranded::Over;
    nudge_ = std::move(*nudge);
  }
  if (nudge_->poll() == Nudge::Progress::Watching) return Stranded::Watching;
  nudge_.reset();
  return Stranded::Over;
}

Result<size_t> HostInstances::connections(InstanceId id) {
  const auto found = known_.find(id);
  if (found == known_.end()) return size_t{0};
  std::vector<uint32_t> listening;
  for (const auto& [bound, place] : found->second.listeners) listening.push_back(place.inode);
  const InstanceRecord& record = found->second.record;
  if (found->second.shim() == nullptr) return count_connections(diag_, record.server, ports(), listening);
  // Children of a process that has ended are the shim's.
  return count_connections(diag_, record.shim, ports(), listening);
}

}  // namespace rollctl
