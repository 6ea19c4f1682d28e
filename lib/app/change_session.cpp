// SPDX-License-Identifier: MIT
#include "app/change_session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "app/launcher_choice.h"
#include "base/atomic_file.h"
#include "base/folder_removal.h"
#include "base/own_file.h"
#include "base/user_name.h"
#include "net/free_port.h"
#include "probe/instance_probe.h"
#include "state/app_lock.h"
#include "state/generations.h"
#include "state/instance_folders.h"
#include "state/silent_shims.h"
#include "steering/handover.h"

namespace roll {

namespace {

constexpr Millis kClearPatience{100};

}  // namespace

ChangeSession::ChangeSession(Setting setting)
    : paths_(std::move(setting.paths)),
      app_(std::move(setting.app)),
      observer_(setting.observer),
      hook_output_(setting.hook_output),
      journal_(paths_.journal(app_), app_),
      steer_program_(std::move(setting.steer_program)) {}

Status ChangeSession::lock(std::string command) {
  constexpr mode_t kPrivate = 0700;
  if (Status made = make_runtime_folder(paths_, app_); !made) return made;
  if (Status made = make_directories(paths_.state(app_), kPrivate); !made) return made;
  for (const std::string& folder : {paths_.runtime(app_), paths_.state(app_)})
    if (Status own = check_own_folder(folder); !own) return own;
  const auto self = ProcessRef::self();
  if (!self) return fail(self.error());
  self_ = {self->id(), user_name(::geteuid()), std::move(command), SystemClock().wall_now()};
  auto lock = lock_app(paths_.lock(app_), self_);
  if (!lock) return fail(lock.error());
  lock_ = std::move(*lock);
  return {};
}

Result<std::unique_ptr<ChangeSession>> ChangeSession::open(Setting setting) {
  const Access access = setting.access;
  SignalledOutput& output = setting.output;
  std::string command = std::move(setting.command);
  auto session = std::unique_ptr<ChangeSession>(new ChangeSession(std::move(setting)));
  if (access == Access::Change)
    if (Status locked = session->lock(std::move(command)); !locked) return fail(locked.error());
  auto loop = Loop::create();
  if (!loop) return fail(loop.error());
  session->loop_ = std::move(*loop);
  session->interrupts_ = std::make_unique<SignalInterrupts>(output, *session->loop_);
  // A closed terminal never stops a deploy.
  std::signal(SIGHUP, SIG_IGN);
  if (Status read = session->reread(); !read) return fail(read.error());
  return session;
}

// What the servers' users have left, of this app and of removed ones: it never decides what comes of a
// command.
ChangeSession::~ChangeSession() {
  if (!lock_) return;
  for (const std::string& place : {paths_.runtime(app_), paths_.runtime_dir})
    (void)clear_discarded(place, kClearPatience);
}

Status ChangeSession::reread() {
  auto history = read_history(Reach::state());
  if (!history) return fail(history.error());
  history_ = std::move(*history);
  const auto folders = list_instance_folders(paths_, app_);
  if (!folders) return fail(folders.error());
  last_instance_ = std::max({last_instance_, history_.last_instance, folders->empty() ? 0 : folders->back()});
  return {};
}

Result<History> ChangeSession::read_history(const Reach& reach) const {
  return roll::read_history(paths_.journal(app_), reach);
}

Result<std::optional<GenerationSpec>> ChangeSession::current() const {
  if (!history_.current) return std::nullopt;
  auto spec = load_generation(paths_, app_, *history_.current);
  if (!spec) return fail(spec.error());
  return std::optional(std::move(*spec));
}

Result<GenerationSpec> ChangeSession::running() const {
  auto spec = current();
  if (!spec) return fail(spec.error());
  if (*spec && history_.wanted() > 0) return std::move(**spec);
  return fail(ErrorKind::Failed, fmt::format("{} does not run", app_),
              fmt::format("rollctl {} {}", *spec ? "start" : "deploy", app_));
}

Result<LaunchPlace> ChangeSession::place(const GenerationSpec& spec) {
  InstancePlace place;
  place.instance = prepared_instance_ ? *std::exchange(prepared_instance_, std::nullopt) : ++last_instance_;
  place.run_dir = paths_.instance(app_, place.instance);
  place.log_path = paths_.log(app_, place.instance);
  place.journal_path = paths_.journal(app_);
  place.preload_library = paths_.preload_library();
  const auto choice = choose_launcher(spec.config);
  if (!choice) return fail(choice.error());
  place.launcher = choice->launcher;
  if (needs_probe_port(spec.config)) {
    const auto port = find_free_port();
    if (!port) return fail(port.error());
    place.probe_port = *port;
  }
  auto launch = make_launch_spec(spec, place);
  if (!launch) return fail(launch.error());
  auto probe = make_probe_spec(spec, place);
  if (!probe) return fail(probe.error());
  return LaunchPlace{std::move(*launch), std::move(*probe)};
}

// What shims hold is taken over: a group that is steered stays as it is.
Result<std::unique_ptr<Steering>> ChangeSession::steering_for(HandoverPolicy policy,
                                                              HostInstances& instances) {
  EbpfSteeringOptions options;
  const auto found = instances.discover();
  if (!found) return fail(found.error());
  for (const FoundInstance& instance : *found) {
    if (instance.presence != Presence::Supervised) continue;
    auto handles = instances.take_steering(instance.record.id);
    if (!handles && handles.error().kind != ErrorKind::NotFound) return fail(handles.error());
    if (!handles) continue;
    // All shims hold the same.
    for (SteeringHandle& handle : *handles) {
      const bool is_new =
          std::ranges::find(options.adopted, handle.bound, &SteeringHandle::bound) == options.adopted.end();
      if (is_new) options.adopted.push_back(std::move(handle));
    }
  }
  options.take_listener = [&instances](InstanceId id, const Endpoint& bound) {
    return instances.listener(id, bound);
  };
  // One that could not be loaded is tried again by who needs it, and tells why.
  if (options.adopted.empty() && steer_program_.is_there())
    if (auto program = steer_program_.get()) options.loaded = std::move(*program);
  // While a group is steered nothing but steering can take it over.
  const auto insisted = options.adopted.empty() ? insisted_handover(policy) : std::optional(Handover::Steer);
  return choose_steering(*loop_, insisted, std::move(options));
}

// The first shim starts while the change is checked and written down, and what serves is found and gated.
// What it is to run is said with its orders.
void ChangeSession::prepare(const AppConfig& config) {
  if (!lock_ || prepared_) return;
  const auto choice = choose_launcher(config);
  auto instances = HostInstances::create(*loop_, paths_, app_, config.listen);
  if (!choice || !instances) return;
  // systemd is not asked in vain: its units come and go visibly.
  if (choice->launcher == InstancePlace::Launcher::Direct) {
    LaunchSpec first;
    first.app = app_;
    first.instance = ++last_instance_;
    first.run_dir = paths_.instance(app_, first.instance);
    first.log_path = paths_.log(app_, first.instance);
    (*instances)->prepare(first);
    prepared_instance_ = first.instance;
  }
  (*instances)->call_shims();
  prepared_ = std::move(*instances);
}

template <typename Act>
auto ChangeSession::in_world(const AppConfig& config, Act act)
    -> Result<decltype(act(std::declval<World&>()))> {
  auto instances = prepared_ ? Result<std::unique_ptr<HostInstances>>(std::move(prepared_))
                             : HostInstances::create(*loop_, paths_, app_, config.listen);
  if (!instances) return fail(instances.error());
  auto steering = steering_for(config.handover, **instances);
  if (!steering) return fail(steering.error());
  InstanceProbe probe(*loop_, **steering, paths_.tls_library());
  HookRunner hooks(*loop_, hook_output_);
  World world{*loop_, **instances, probe, **steering, journal_, hooks, *interrupts_, observer_};
  return act(world);
}

Result<std::optional<Verdict>> ChangeSession::recover() {
  const Change* change = history_.unfinished();
  if (change == nullptr) return std::nullopt;
  RecoveryRequest request;
  request.app = app_;
  request.remedy = decide_remedy(*change);
  request.history = history_;
  const bool forward = request.remedy == Remedy::Finish || !history_.current;
  auto spec = load_generation(paths_, app_, forward ? change->generation : *history_.current);
  // No client has come to one whose specification was not kept: what was started of it is undone without.
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
  request.history = history_;
  auto spec = current();
  if (!spec) return fail(spec.error());
  request.spec = *spec ? std::move(**spec) : GenerationSpec{app_, {}, history_.last_generation, {}};
  return mend(std::move(request));
}

Result<std::optional<Verdict>> ChangeSession::mend(RecoveryRequest request) {
  AppConfig config = request.spec.config;
  config.handover = HandoverPolicy::Auto;  // whatever the host allows by now
  auto verdict = in_world(config, [&](World& world) {
    return Recovery(world, std::move(request), [this](const GenerationSpec& spec) { return place(spec); })
        .run();
  });
  if (!verdict) return fail(verdict.error());
  if (!*verdict) return fail(verdict->error());
  if (Status read = reread(); !read) return fail(read.error());
  return std::optional(std::move(**verdict));
}

Result<Plan> ChangeSession::preview(const RolloutRequest& request) {
  auto plan = in_world(request.spec.config, [&](World& world) {
    return Rollout(world, request, [this](const GenerationSpec& spec) { return place(spec); }).preview();
  });
  if (!plan) return fail(plan.error());
  return std::move(*plan);
}

Result<Verdict> ChangeSession::roll_out(RolloutRequest request) {
  const AppConfig config = request.spec.config;
  request.keep = [this](const GenerationSpec& spec) { return keep_generation(paths_, spec); };
  request.on_attend = [this] { (void)describe_attending(*lock_, self_); };
  auto verdict = in_world(config, [&](World& world) {
    return Rollout(world, std::move(request), [this](const GenerationSpec& spec) { return place(spec); })
        .run();
  });
  prepared_instance_.reset();
  // A journal that stays as long as it is does no harm.
  (void)journal_.archive();
  if (!verdict) return fail(verdict.error());
  return std::move(*verdict);
}

Result<int> ChangeSession::count(const std::function<bool(const FoundInstance&)>& counts) {
  auto instances = HostInstances::create(*loop_, paths_, app_, {});
  if (!instances) return fail(instances.error());
  const auto found = (*instances)->discover();
  if (!found) return fail(found.error());
  if (Status answered = check_all_answer(*found); !answered) return fail(answered.error());
  return static_cast<int>(std::count_if(found->begin(), found->end(), counts));
}

Result<int> ChangeSession::count_instances() {
  return count([](const FoundInstance&) { return true; });
}

Result<bool> ChangeSession::serves_with(int instances) {
  const auto serves = [](const FoundInstance& instance) {
    return instance.presence != Presence::Remains && instance.record.state == InstanceState::Serving;
  };
  const auto all = count(serves);
  if (!all) return fail(all.error());
  const auto own = count([&](const FoundInstance& instance) {
    return serves(instance) && instance.record.generation == history_.current;
  });
  if (!own) return fail(own.error());
  return *all == *own && *own == instances;
}

Result<bool> ChangeSession::canary_serves() {
  const auto canaries = count([](const FoundInstance& instance) {
    return instance.presence != Presence::Remains && instance.record.state == InstanceState::Canary;
  });
  if (!canaries) return fail(canaries.error());
  return *canaries > 0;
}

Result<std::optional<StandingCanary>> ChangeSession::canary() {
  std::optional<StandingCanary> noted = history_.canary;
  if (!noted) return noted;
  const auto standing = count([&](const FoundInstance& instance) {
    return instance.presence != Presence::Remains && instance.record.generation == noted->generation;
  });
  if (!standing) return fail(standing.error());
  if (*standing == 0) noted.reset();
  return noted;
}

Status ChangeSession::check_no_canary() {
  const auto standing = canary();
  if (!standing) return fail(standing.error());
  if (!*standing) return {};
  return fail(
      ErrorKind::Busy,
      fmt::format("a canary of {} stands since {}", (*standing)->release, format_time((*standing)->since)),
      fmt::format("end it first: `rollctl promote {0}` or `rollctl abort {0}`", app_));
}

}  // namespace roll
