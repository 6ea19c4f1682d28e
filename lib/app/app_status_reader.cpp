// SPDX-License-Identifier: MIT
#include "app/app_status_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "app/app_source.h"
#include "state/app_lock.h"
#include "state/generations.h"
#include "state/history.h"
#include "state/host_instances.h"
#include "state/journal_reader.h"
#include "state/silent_shims.h"

namespace rollctl {

namespace {

InstanceStatus::Supervision supervision_of(Presence presence) {
  switch (presence) {
    case Presence::Supervised:
      return InstanceStatus::Supervision::Supervised;
    case Presence::Silent:
      return InstanceStatus::Supervision::Silent;
    case Presence::Unsupervised:
    case Presence::Remains:
      break;
  }
  return InstanceStatus::Supervision::Unsupervised;
}

// A shim that sees a listener of its instance close puts the next one into its slot within that time.
constexpr Millis kRefillPatience{100};

// Whether clients reach none of its listeners.
bool is_unreachable(const InstanceRecord& record, HostInstances& instances, const SteeringView& steering) {
  if (steering.slots && steering.slots->owned > 0) return steering.slots->filled == 0;
  const auto sockets = instances.listen_sockets();
  return sockets && !record.spec.listen.empty() &&
         std::ranges::none_of(*sockets, [&](const ListenSocket& socket) {
           return std::ranges::any_of(record.spec.listen, [&](const ListenAddress& address) {
             return address.matches(socket.bound);
           });
         });
}

InstanceStatus describe(const FoundInstance& found, HostInstances& instances) {
  const InstanceRecord& record = found.record;
  InstanceStatus status;
  status.id = record.id;
  status.release = record.release;
  status.generation = record.generation;
  status.state = record.state;
  status.weight = record.weight;
  status.pid = record.server.pid;
  status.shim_pid = record.shim.pid;
  status.supervision = supervision_of(found.presence);
  if (const auto connections = instances.connections(record.id)) status.connections = *connections;
  status.restarts = record.restarts;
  status.started = record.started;
  status.ready_after = record.ready_after;
  const SystemClock clock;
  if (record.drain_deadline) status.drain_deadline = wall_time_at(*record.drain_deadline, clock);
  if (record.standby_until) status.standby_until = wall_time_at(*record.standby_until, clock);
  status.http = record.http;
  status.status = record.status;
  if (auto left = instances.left_processes(record.id)) {
    status.pid = left->pids.front();
    status.left = std::move(left->pids);
  }
  const bool is_down = record.state == InstanceState::Failed || record.state == InstanceState::Restarting;
  if (is_down) status.reason = record.reason;
  // A shim of an older version keeps only the exit status.
  if (is_down && status.reason.empty() && record.exit) status.reason = "the server " + record.exit->text();
  if (record.state == InstanceState::Failed) status.weight = 0;
  const SteeringView steering = instances.look_at_steering(record.id);
  const bool is_in_rotation = record.state == InstanceState::Serving || record.state == InstanceState::Canary;
  status.unreachable =
      is_in_rotation && record.server.pid != 0 && is_unreachable(record, instances, steering);
  if (status.unreachable) status.weight = 0;
  status.steered = steering.counters;
  return status;
}

std::vector<InstanceStatus> describe_all(const std::vector<FoundInstance>& found, HostInstances& instances) {
  std::vector<InstanceStatus> all;
  for (const FoundInstance& instance : found)
    if (instance.presence != Presence::Remains) all.push_back(describe(instance, instances));
  return all;
}

// The kernel gives the connections of a canary that is gone to the others of the rotation.
void pass_share_on(std::vector<InstanceStatus>& instances) {
  double left = 0;
  for (InstanceStatus& instance : instances) {
    if (!instance.serves()) instance.weight = 0;
    left += instance.weight;
  }
  if (left <= 0) return;
  constexpr double kWhole = 100;
  for (InstanceStatus& instance : instances) instance.weight *= kWhole / left;
}

struct Account {
  History history;
  bool attended = false;  // a running rollctl works on its unfinished change
};

Result<Account> read_account(const Paths& paths, const std::string& app) {
  auto first = read_history(paths.journal(app), Reach::state());
  if (!first) return fail(first.error());
  if (!first->unfinished()) return Account{std::move(*first), true};
  const auto holder = lock_holder(paths.lock(app));
  if (!holder) return fail(holder.error());
  if (*holder) return Account{std::move(*first), true};
  // Since the journal was read, the lock's holder may have finished and another rollctl may have started.
  auto again = read_history(paths.journal(app), Reach::state());
  if (!again) return fail(again.error());
  const Change* change = again->unfinished();
  const bool begun_since = change != nullptr && change->started != first->unfinished()->started;
  return Account{std::move(*again), begun_since};
}

Result<AppStatus> look_once(Loop& loop, const Paths& paths, const std::string& app) {
  const auto account = read_account(paths, app);
  if (!account) return fail(account.error());
  const History& history = account->history;
  AppStatus status;
  status.app = app;
  status.release = history.current_release;
  status.generation = history.current.value_or(0);
  status.wanted = history.wanted();
  if (history.current) status.since = history.current_since;
  if (!history.changes.empty()) status.handover = history.changes.back().handover;
  if (const Change* change = history.unfinished()) {
    status.change =
        RunningChange{account->attended ? RunningChange::Phase::Running : RunningChange::Phase::Interrupted,
                      change->command, change->release, change->generation, change->started};
  }

  ROLL_TRY_ASSIGN(status.frozen, read_freeze(paths, app));

  std::vector<ListenAddress> listen;
  if (history.current) {
    auto spec = load_generation(paths, app, *history.current);
    if (!spec && spec.error().os_error != 0) return fail(spec.error());
    if (spec) listen = std::move(spec->config.listen);
  }
  for (const ListenAddress& address : listen) status.listen.push_back(address.text);

  auto instances = HostInstances::create(loop, paths, app, std::move(listen));
  if (!instances) return fail(instances.error());
  const auto found = (*instances)->discover();
  if (!found) return fail(found.error());
  if (Status answered = check_all_answer(*found); !answered) status.silent = answered.error();
  status.instances = describe_all(*found, **instances);
  // One may just be opening its listener anew.
  if (std::ranges::any_of(status.instances, &InstanceStatus::unreachable)) {
    std::this_thread::sleep_for(kRefillPatience);
    status.instances = describe_all(*found, **instances);
  }
  const auto is_of_the_canary = [&](const InstanceStatus& instance) {
    return instance.generation == history.canary->generation;
  };
  if (history.canary && !status.change &&
      std::any_of(status.instances.begin(), status.instances.end(), is_of_the_canary)) {
    status.change = RunningChange{RunningChange::Phase::Canary, AppCommand::Deploy, history.canary->release,
                                  history.canary->generation, history.canary->since};
    status.change->is_dead = std::ranges::none_of(status.instances, [&](const InstanceStatus& instance) {
      return is_of_the_canary(instance) && instance.state == InstanceState::Canary && instance.pid != 0;
    });
    if (status.change->is_dead) pass_share_on(status.instances);
  }
  status.serving = static_cast<int>(std::count_if(status.instances.begin(), status.instances.end(),
                                                  [](const InstanceStatus& one) { return one.serves(); }));
  return status;
}

// The journal only grows, or is replaced by a new file: inode and size identify its content.
std::pair<ino_t, off_t> stamp_of(const std::string& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return {};
  return {info.st_ino, info.st_size};
}

}  // namespace

// Journal, folders and shims are read one after the other. If a running change wrote to the journal
// meanwhile, they describe different moments: read them again.
Result<AppStatus> read_app_status(Loop& loop, const Paths& paths, const std::string& app) {
  constexpr int kMostLooks = 3;
  for (int looks = 1;; ++looks) {
    const auto before = stamp_of(paths.journal(app));
    auto status = look_once(loop, paths, app);
    if (!status || looks == kMostLooks || stamp_of(paths.journal(app)) == before) return status;
  }
}

Result<std::vector<AppStatus>> read_app_statuses(Loop& loop, const Paths& paths,
                                                 const std::string& argument) {
  std::vector<std::string> names;
  if (argument.empty()) {
    auto known = known_apps(paths);
    if (!known) return fail(known.error());
    names = std::move(*known);
  } else {
    const auto app = app_name_of(paths, argument);
    if (!app) return fail(app.error());
    if (Status known = check_known(paths, *app); !known) return fail(known.error());
    names.push_back(app->name);
  }
  std::vector<AppStatus> apps;
  for (const std::string& name : names) {
    auto status = read_app_status(loop, paths, name);
    if (!status) return fail(status.error());
    apps.push_back(std::move(*status));
  }
  return apps;
}

}  // namespace rollctl
