// SPDX-License-Identifier: MIT
#include "app/change_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <utility>

#include "app/hook_runner.h"
#include "app/start_check.h"
#include "base/atomic_file.h"
#include "base/duration.h"
#include "base/folder_removal.h"
#include "base/own_file.h"
#include "deploy/descriptor_need.h"
#include "deploy/port_check.h"
#include "probe/instance_probe.h"
#include "state/generations.h"
#include "state/instance_folders.h"
#include "steering/handover.h"

namespace rollctl {

namespace {

constexpr Millis kClearPatience{100};
constexpr Millis kLockPause{100};

}  // namespace

ChangeSession::ChangeSession(Setting setting)
    : paths_(std::move(setting.paths)),
      app_(std::move(setting.app)),
      observer_(setting.observer),
      hook_output_(setting.hook_output),
      journal_(paths_.journal(app_), app_),
      placement_(paths_, app_) {}

Result<std::unique_ptr<ChangeSession>> ChangeSession::open(Setting setting) {
  const Access access = setting.access;
  SignalledOutput& output = setting.output;
  std::string command = std::move(setting.command);
  const Millis wait = setting.wait_lock;
  auto session = std::unique_ptr<ChangeSession>(new ChangeSession(std::move(setting)));
  if (access == Access::Change)
    if (Status locked = session->lock(std::move(command), wait); !locked) return fail(locked.error());
  auto loop = Loop::create();
  if (!loop) return fail(loop.error());
  session->loop_ = std::move(*loop);
  session->interrupts_ = std::make_unique<SignalInterrupts>(output, *session->loop_);
  // A closed terminal must not stop a deploy.
  std::signal(SIGHUP, SIG_IGN);
  auto instances = HostInstances::create(*session->loop_, session->paths_, session->app_, {});
  if (!instances) return fail(instances.error());
  session->instances_ = std::move(*instances);
  session->state_.emplace(session->paths_, session->app_, *session->instances_);
  if (Status read = session->reread(); !read) return fail(read.error());
  return session;
}

// Failures are ignored: leftover folders must not change the command's outcome.
ChangeSession::~ChangeSession() {
  if (!hold_) return;
  (void)describe_leaving(hold_->lock, hold_->self);
  instances_.reset();  // a cancelled launch discards a folder, too
  for (const std::string& place : {paths_.runtime(app_), paths_.runtime_dir})
    (void)clear_discarded(place, kClearPatience);
}

Status ChangeSession::lock(std::string command, Millis wait) {
  constexpr mode_t kPrivate = 0700;
  if (Status made = make_runtime_folder(paths_, app_); !made) return made;
  if (Status made = make_directories(paths_.state(app_), kPrivate); !made) return made;
  for (const std::string& folder : {paths_.runtime(app_), paths_.state(app_)})
    if (Status own = check_own_folder(folder); !own) return own;
  const auto self = ProcessRef::self();
  if (!self) return fail(self.error());
  Caller caller = find_caller();
  LockHolder holder{self->id(), caller.user, std::move(command), SystemClock().wall_now()};
  const TimePoint until = std::chrono::steady_clock::now() + wait;
  auto lock = lock_app(paths_.lock(app_), holder);
  std::string told;
  while (!lock && lock.error().kind == ErrorKind::Busy && std::chrono::steady_clock::now() < until) {
    if (std::exchange(told, lock.error().message) != lock.error().message)
      observer_.on_warning(fmt::format("{}: waiting for it, at most {}", told, format_duration(wait)));
    std::this_thread::sleep_for(kLockPause);
    holder.since = SystemClock().wall_now();
    lock = lock_app(paths_.lock(app_), holder);
  }
  if (!lock) return fail(lock.error());
  hold_.emplace(Hold{std::move(holder), std::move(*lock), std::move(caller)});
  return {};
}

Status ChangeSession::reread() {
  if (Status read = state_->read(); !read) return read;
  const auto folders = list_instance_folders(paths_, app_);
  if (!folders) return fail(folders.error());
  placement_.used_up_to(std::max(state_->history().last_instance, folders->empty() ? 0 : folders->back()));
  return {};
}

// Adopts the steering that shims hold, so that a steered group stays steered.
Result<std::unique_ptr<Steering>> ChangeSession::steering_for(const AppConfig& config) {
  EbpfSteeringOptions options;
  const auto found = instances_->discover();
  if (!found) return fail(found.error());
  for (const FoundInstance& instance : *found) {
    if (instance.presence != Presence::Supervised) continue;
    auto handles = instances_->take_steering(instance.record.id);
    if (!handles && handles.error().kind != ErrorKind::NotFound) return fail(handles.error());
    if (!handles) continue;
    // Every shim holds the same handles: keep one of each.
    for (SteeringHandle& handle : *handles) {
      const bool is_new =
          std::ranges::find(options.adopted, handle.bound, &SteeringHandle::bound) == options.adopted.end();
      if (is_new) options.adopted.push_back(std::move(handle));
    }
  }
  options.take_listener = [this](InstanceId id, const Endpoint& bound) {
    return instances_->listener(id, bound);
  };
  // A group that is already steered can only be handed over by steering.
  const bool is_steered = !options.adopted.empty();
  const auto insisted = is_steered ? std::optional(Handover::Steer) : insisted_handover(config.handover);
  auto steering =
      choose_steering(*loop_, insisted, std::move(options), is_steered ? Status() : check_taking(config));
  using Descriptors = HostInstances::Descriptors;
  const bool steers = steering && (*steering)->way() == Handover::Steer;
  instances_->set_descriptors(steers ? Descriptors::Required : Descriptors::WherePossible);
  return steering;
}

PlaceInstance ChangeSession::placing() {
  return [this](const GenerationSpec& spec) { return placement_.place(spec); };
}

// Loading a shim takes 0.7 ms: the first one starts while the instances that serve are found and gated.
void ChangeSession::prepare(const AppConfig& config) {
  instances_->set_listen(config.listen);
  // The change will be refused, and without descriptors the end of that shim could not be awaited.
  if (!check_descriptors({.starting = 1, .addresses = config.listen.size()})) return;
  // systemd is not asked in vain: its units come and go visibly.
  if (const auto launcher = resolve_launcher(config); launcher && !launcher->unit)
    instances_->prepare(placement_.reserve());
}

template <typename Use>
auto ChangeSession::in_world(const AppConfig& config, Use use)
    -> Result<decltype(use(std::declval<World&>()))> {
  instances_->set_listen(config.listen);
  auto steering = steering_for(config);
  if (!steering) return fail(steering.error());
  InstanceProbe probe(*loop_, **steering, paths_.tls_library());
  HookRunner hooks(*loop_, hook_output_);
  World world{*loop_, *instances_, *instances_, probe, **steering, journal_, hooks, *interrupts_, observer_};
  return use(world);
}

Result<std::optional<Verdict>> ChangeSession::recover() {
  const History& history = state_->history();
  const Change* change = history.unfinished();
  if (change == nullptr) return std::nullopt;
  RecoveryRequest request;
  request.app = app_;
  request.remedy = decide_remedy(*change);
  request.history = history;
  const int64_t generation = generation_after(request.remedy, *change, history);
  const bool forward = generation == change->generation;
  auto spec = state_->generation(generation);
  // Without a kept specification no instance has served yet: Undo needs only the generation.
  const bool was_not_kept = !spec && spec.error().kind == ErrorKind::NotFound;
  if (was_not_kept && forward && request.remedy == Remedy::Undo)
    spec = GenerationSpec{app_, change->release, change->generation, {}};
  if (!spec) return fail(spec.error());
  request.spec = std::move(*spec);
  return mend(std::move(request));
}

Result<std::optional<Verdict>> ChangeSession::tidy() {
  RecoveryRequest request;
  request.app = app_;
  request.history = state_->history();
  auto spec = state_->current();
  if (!spec) return fail(spec.error());
  request.spec = *spec ? std::move(**spec) : GenerationSpec{app_, {}, request.history.last_generation, {}};
  return mend(std::move(request));
}

Result<std::optional<Verdict>> ChangeSession::mend(RecoveryRequest request) {
  AppConfig config = request.spec.config;
  config.handover = HandoverPolicy::Auto;  // the host may allow another way by now
  auto verdict =
      in_world(config, [&](World& world) { return Recovery(world, std::move(request), placing()).run(); });
  if (!verdict) return fail(verdict.error());
  if (!*verdict) return fail(verdict->error());
  if (Status read = reread(); !read) return fail(read.error());
  return std::optional(std::move(**verdict));
}

std::vector<Error> ChangeSession::check_ports(const AppConfig& config) {
  instances_->set_listen(config.listen);
  return rollctl::check_ports(*instances_, *instances_, app_, config);
}

Status ChangeSession::check_means(const AppConfig& config) {
  const StartCheck check = rollctl::check_means(paths_, config);
  if (check.launcher && !check.launcher->warning.empty()) observer_.on_warning(check.launcher->warning);
  return check.findings.empty() ? Status() : fail(check.findings.front());
}

// Said before anything starts: it is the reason why the app is not steered, and may lose connections.
void ChangeSession::warn_of_taking(const AppConfig& config) {
  if (config.handover != HandoverPolicy::Auto) return;
  if (Status taking = check_taking(config); !taking)
    observer_.on_warning(
        fmt::format("{}, so the app is not steered: {}", taking.error().message, taking.error().hint));
}

Result<Plan> ChangeSession::preview(const RolloutRequest& request) {
  if (Status able = check_means(request.spec.config); !able) return fail(able.error());
  auto plan = in_world(request.spec.config,
                       [&](World& world) { return Rollout(world, request, placing()).preview(); });
  if (!plan) return fail(plan.error());
  return std::move(*plan);
}

// A rollback after the change may name what serves now, or where a restart follows what was before that; and
// an instance that runs may be started again.
Leftovers ChangeSession::find_leftovers(const RolloutRequest& request) const {
  if (request.spec.config.keep.generations == 0 || !traits_of(request.command).makes_generation) return {};
  const History& history = state_->history();
  std::set<int64_t> needed{request.spec.generation};
  if (history.current) needed.insert(*history.current);
  if (history.canary) needed.insert(history.canary->generation);
  if (request.returns_to) needed.insert(*request.returns_to);
  const auto back = state_->read_history(Reach::rollback());
  const auto found = instances_->discover();
  if (!back || !found) return {};
  if (const auto target = back->rollback_target()) needed.insert(*target);
  for (const FoundInstance& instance : *found) needed.insert(instance.record.generation);
  return rollctl::find_leftovers(paths_, app_, request.spec.config.keep, needed);
}

Result<Verdict> ChangeSession::roll_out(RolloutRequest request) {
  const AppConfig config = request.spec.config;
  if (Status able = check_means(config); !able) return fail(able.error());
  if (request.shape == RolloutRequest::Shape::Replace) warn_of_taking(config);
  // A rollback may find instances that stand by, and need no launch.
  if (request.shape == RolloutRequest::Shape::Replace && !request.returns_to) prepare(config);
  request.keep = [this](const GenerationSpec& spec) -> Status {
    ROLL_TRY_ASSIGN(Acknowledgement on_disk, keep_generation(paths_, spec));
    return on_disk.await();
  };
  request.caller = hold_->caller;
  const Leftovers leftovers = find_leftovers(request);
  request.obsolete_releases = leftovers.releases;
  request.on_attend = [this] { (void)describe_attending(hold_->lock, hold_->self); };
  auto verdict = in_world(config, [&](World& world) {
    if (const auto warning = steering_warning(world.steering, ::geteuid()); !warning.empty())
      observer_.on_warning(warning);
    return Rollout(world, std::move(request), placing()).run();
  });
  placement_.forget_reserved();
  // Archiving may fail: a long journal does no harm.
  (void)describe_leaving(hold_->lock, hold_->self);
  (void)journal_.archive();
  if (verdict && *verdict && (*verdict)->outcome == Outcome::Deployed)
    remove_leftovers(paths_, app_, config.keep, leftovers);
  if (!verdict) return fail(verdict.error());
  return std::move(*verdict);
}

}  // namespace rollctl
