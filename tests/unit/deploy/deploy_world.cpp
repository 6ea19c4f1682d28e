// SPDX-License-Identifier: MIT
#include "deploy_world.h"

#include <fmt/format.h>

namespace rollctl {

void PrintTo(Outcome outcome, std::ostream* out) {
  *out << outcome_name(outcome);
}

void PrintTo(const Verdict& verdict, std::ostream* out) {
  *out << outcome_name(verdict.outcome) << " (" << verdict.reason << "), " << verdict.serving << " of "
       << verdict.wanted << " serve " << verdict.serving_release;
}

}  // namespace rollctl

namespace rollctl::test {

GenerationSpec DeployWorld::spec(const std::string& release, int64_t generation) {
  GenerationSpec spec;
  spec.app = "web";
  spec.release = release;
  spec.generation = generation;
  spec.config.listen = {ListenAddress::parse("0.0.0.0:8080").value()};
  spec.config.ready.kind = ProbeKind::Http;
  spec.config.ready.deadline = Millis(2000);
  spec.config.hooks = hooks_config;
  return spec;
}

void DeployWorld::completed(const std::string& release, int count) {
  const int64_t generation = ++generation_;
  kept[generation] = spec(release, generation);
  Recorder recorder(world, generation);
  events::Started started;
  started.command = AppCommand::Deploy;
  started.release = release;
  started.instances = count;
  (void)recorder.commit(events::deploy_started(started));
  (void)recorder.commit(events::deploy_finished({}));
}

void DeployWorld::standing(const std::string& release, int count, const ServerScript& script) {
  completed(release, count);
  for (int i = 0; i < count; ++i) {
    LaunchSpec launch;
    launch.app = "web";
    launch.release = release;
    launch.generation = generation_;
    launch.instance = ++last_id_;
    instances.stand(launch, script);
  }
}

void DeployWorld::stopped(const std::string& release, int count) {
  standing(release, count);
  rules.may_go_dark = true;
  EXPECT_EQ(run(stop()).outcome, Outcome::Deployed);
}

RolloutRequest DeployWorld::request(AppCommand command, GenerationSpec target, int count) {
  RolloutRequest request;
  request.command = command;
  request.spec = std::move(target);
  request.instances = count;
  request.ready_deadline = Millis(2000);
  request.settle = Millis(100);
  request.drain = {15, Millis(10'000)};
  const History past = history();
  changes_before = past.changes.size();
  if (past.current) request.previous = kept.at(*past.current);
  if (past.wanted() > 0) request.from = past.current_release;
  return request;
}

RolloutRequest DeployWorld::deploy(const std::string& release, int count) {
  return request(AppCommand::Deploy, spec(release, ++generation_), count);
}

RolloutRequest DeployWorld::rollback(const std::string& release, int count) {
  return request(AppCommand::Rollback, spec(release, ++generation_), count);
}

RolloutRequest DeployWorld::deploy_canary(const std::string& release, int count, double percent) {
  RolloutRequest wanted = deploy(release, count);
  wanted.canary = {percent};
  return wanted;
}

RolloutRequest DeployWorld::promote() {
  const StandingCanary canary = history().canary.value();
  RolloutRequest wanted = request(AppCommand::Promote, kept.at(canary.generation), canary.instances);
  wanted.shape = RolloutRequest::Shape::Promote;
  return wanted;
}

RolloutRequest DeployWorld::reweigh(double percent) {
  const StandingCanary canary = history().canary.value();
  RolloutRequest wanted = request(AppCommand::Canary, kept.at(canary.generation), history().instances);
  wanted.shape = RolloutRequest::Shape::Reweigh;
  wanted.canary = {percent};
  return wanted;
}

RolloutRequest DeployWorld::abort() {
  RolloutRequest wanted = scale(history().instances);
  wanted.command = AppCommand::Abort;
  wanted.shape = RolloutRequest::Shape::Withdraw;
  wanted.from = history().canary.value().release;
  return wanted;
}

void DeployWorld::canary_standing(const std::string& release) {
  EXPECT_EQ(run(deploy_canary(release, history().instances, 10)).outcome, Outcome::Canary);
}

void DeployWorld::standby_standing(const std::string& release, int count, Millis hold) {
  RolloutRequest wanted = deploy(release, count);
  wanted.hold = hold;
  EXPECT_EQ(run(wanted).outcome, Outcome::Deployed);
}

std::vector<InstanceId> DeployWorld::in_state(InstanceState state) const {
  return instances.which([state](const FakeServer& server) { return server.record.state == state; });
}

RolloutRequest DeployWorld::scale(int count) {
  RolloutRequest wanted = request(AppCommand::Scale, kept.at(*history().current), count);
  wanted.spec.config.hooks = hooks_config;
  wanted.shape = RolloutRequest::Shape::TopUp;
  return wanted;
}

RolloutRequest DeployWorld::start(int count) {
  RolloutRequest wanted = scale(count);
  wanted.command = AppCommand::Start;
  return wanted;
}

RolloutRequest DeployWorld::stop() {
  RolloutRequest wanted = scale(history().instances);
  wanted.command = AppCommand::Stop;
  wanted.shape = RolloutRequest::Shape::Stop;
  return wanted;
}

PlaceInstance DeployWorld::place() {
  return [this](const GenerationSpec& target) -> Result<LaunchPlace> {
    if (auto fault = faults.next("place")) return fail(*fault);
    LaunchPlace place;
    place.launch.app = target.app;
    place.launch.release = target.release;
    place.launch.generation = target.generation;
    place.launch.instance = ++last_id_;
    place.probe.kind = ProbeKind::Listen;
    return place;
  };
}

void DeployWorld::before_change(const RolloutRequest& request) {
  using Shape = RolloutRequest::Shape;
  instances.rollctl_begins();
  kept[request.spec.generation] = request.spec;
  observer.events.clear();
  before = steering.receivers();
  const History past = history();
  served_release = past.wanted() > 0 ? past.current_release : "";
  served_count = static_cast<int>(before.size() - in_state(InstanceState::Canary).size());
  const int had = static_cast<int>(before.size());
  rules.may_go_dark = request.shape == Shape::Stop || before.empty();
  rules.at_least = request.shape == Shape::Stop ? 0 : std::min(had, request.instances);
  rules.shifts_need_intents = true;
}

Verdict DeployWorld::refusal(const RolloutRequest& request, const Error& error) const {
  Verdict verdict;
  verdict.command = request.command;
  verdict.outcome = Outcome::RolledBack;
  verdict.wanted = request.instances;
  verdict.serving = static_cast<int>(steering.receivers().size());
  verdict.serving_release = served_release;
  verdict.reason = error.message;
  verdict.hint = error.hint;
  return verdict;
}

Verdict DeployWorld::run(RolloutRequest request) {
  before_change(request);
  const RolloutRequest asked = request;
  const auto finished = journal.count("deploy.finished");
  const Result<Verdict> ended = Rollout(world, std::move(request), place()).run();
  instances.rollctl_ends();
  if (!ended) {  // nothing was begun
    EXPECT_EQ(journal.count("deploy.finished"), finished);
    return refusal(asked, ended.error());
  }
  const Verdict& verdict = *ended;
  if (faults.where().empty()) {
    const bool abandoned = interrupts.count() > 1 && verdict.outcome == Outcome::NeedsAttention;
    EXPECT_EQ(journal.count("deploy.finished") - finished, abandoned ? 0 : 1);
    EXPECT_EQ(observer.count("deploy.started"), 1);
  }
  expect_honest(verdict, asked);
  expect_sensible_events();
  return verdict;
}

std::optional<Verdict> DeployWorld::run_until_killed(RolloutRequest request) {
  before_change(request);
  try {
    const Result<Verdict> ended = Rollout(world, std::move(request), place()).run();
    instances.rollctl_ends();
    return ended.value();
  } catch (const Killed&) {
    after_kill();
    return std::nullopt;
  }
}

void DeployWorld::after_kill() {
  instances.rollctl_ends();
  steering.rollctl_died();
  hooks.rollctl_died();
  faults.none();
  interrupts.forget();
}

bool DeployWorld::recover_until_killed() {
  try {
    (void)recover();
    return true;
  } catch (const Killed&) {
    after_kill();
    return false;
  }
}

std::optional<Verdict> DeployWorld::recover() {
  const History past = history();
  const Change* change = past.unfinished();
  if (change == nullptr) return std::nullopt;
  RecoveryRequest request;
  request.app = "web";
  request.remedy = decide_remedy(*change);
  request.history = past;
  request.spec = kept.at(generation_after(request.remedy, *change, past));
  const bool finishes = request.remedy == Remedy::Finish;
  const int wanted = !finishes ? past.wanted() : change->command == AppCommand::Stop ? 0 : change->instances;
  const std::string release = request.spec.release;
  rules.at_least = 0;
  rules.shifts_need_intents = false;
  rules.may_go_dark = rules.may_go_dark || wanted == 0;
  observer.events.clear();

  instances.rollctl_begins();
  const Result<Verdict> ended = Recovery(world, std::move(request), place()).run();
  instances.rollctl_ends();
  if (!ended) {  // the instances could not be discovered
    Verdict unknown;
    unknown.outcome = Outcome::NeedsAttention;
    unknown.reason = ended.error().message;
    return unknown;
  }
  const Verdict& verdict = *ended;
  // Where no instance is left, `start` starts them.
  if (instances.ids().empty() && rules.failures() > 0) return verdict;
  if (verdict.outcome != Outcome::NeedsAttention) {
    EXPECT_EQ(verdict.outcome, Outcome::Deployed);
    EXPECT_THAT(verdict.reason, testing::HasSubstr(finishes ? "was finished" : "was undone"));
    expect_one_release_serves(release, wanted);
    EXPECT_EQ(history().unfinished(), nullptr);
    EXPECT_EQ(history().canary.has_value(), change->command == AppCommand::Canary)
        << "a recovery decides against a canary";
  }
  return verdict;
}

std::vector<InstanceId> DeployWorld::serving(const std::string& release) const {
  std::vector<InstanceId> ids;
  for (InstanceId id : steering.receivers())
    if (instances.find(id)->serves() && instances.find(id)->record.release == release) ids.push_back(id);
  return ids;
}

void DeployWorld::expect_one_release_serves(const std::string& release, int count) {
  EXPECT_EQ(static_cast<int>(serving(release).size()), count) << release;
  const bool has_canary = history().canary.has_value();
  const auto canaries = in_state(InstanceState::Canary).size();
  const auto standbys = in_state(InstanceState::Standby).size();
  EXPECT_LE(canaries, has_canary ? 1 : 0) << "nobody decided on a canary";
  EXPECT_EQ(instances.ids().size(), static_cast<size_t>(count) + canaries + standbys)
      << "something else is left";
  if (canaries + standbys > 0) {
    EXPECT_TRUE(steering.attached()) << "nothing keeps what stands apart from clients";
    return expect_shims_see_to_the_standby(count);
  }
  // A warning said so, and the next command lifts the gate.
  if (!steering.outlives && !observer.warnings.empty()) return;
  // The shims lift the gate that was left to them.
  if (steering.attached()) scheduler.advance(kHandshakeLife);
  EXPECT_FALSE(steering.attached()) << "the gate stays";
  // A shim that could not be told keeps its steering.
  if (faults.where() == "instances.hold_steering") return;
  EXPECT_THAT(instances.which([](const FakeServer& server) { return server.holds_steering; }),
              testing::IsEmpty())
      << "a shim holds steering that has ended";
}

// While no rollctl runs, a canary stands on and a hold ends by itself.
void DeployWorld::expect_shims_see_to_the_standby(int count) {
  if (in_state(InstanceState::Standby).empty() || faults.where() == "instances.hold_steering") return;
  scheduler.advance(std::chrono::hours(1));
  const auto canaries = in_state(InstanceState::Canary).size();
  EXPECT_EQ(instances.ids().size(), static_cast<size_t>(count) + canaries) << "the hold does not end";
  EXPECT_EQ(steering.attached(), canaries > 0) << "the gate stays when the hold has ended";
}

void DeployWorld::expect_honest(const Verdict& verdict, const RolloutRequest& request) {
  const auto serve = steering.receivers();
  const auto serve_now =
      std::count_if(serve.begin(), serve.end(), [&](InstanceId id) { return instances.find(id)->serves(); });
  const bool may_be_restarting = rules.failures() > 0;
  // The instances that serve are unknown where none could be asked, or where the change was left half done.
  const bool known = verdict.outcome != Outcome::NeedsAttention && faults.where() != "instances.discover";
  const auto canaries = static_cast<std::ptrdiff_t>(in_state(InstanceState::Canary).size());
  EXPECT_TRUE(verdict.serving == serve_now - canaries || may_be_restarting || !known)
      << verdict.serving << " are said to serve, but " << serve_now << " do";
  switch (verdict.outcome) {
    case Outcome::Deployed:
      EXPECT_EQ(verdict.reason, "");
      if (verdict.interrupted_by != 0 || request.after_shift == AfterShift::Detach) {
        EXPECT_EQ(serve_now, verdict.wanted);
        scheduler.advance(Millis(20'000));
      }
      if (rules.failure_just_now()) return;
      if (request.hold > Millis(0)) return;  // the test itself checks the rest
      return expect_one_release_serves(request.spec.release, verdict.wanted);
    case Outcome::Canary:
      if (may_be_restarting) return;
      EXPECT_EQ(in_state(InstanceState::Canary).size(), 1U);
      return expect_one_release_serves(served_release, served_count);
    case Outcome::RolledBack:
    case Outcome::Interrupted:
      EXPECT_TRUE(verdict.reason != "" || verdict.aim == Verdict::Aim::Back);
      if (verdict.aim == Verdict::Aim::Back && verdict.interrupted_by != 0) scheduler.advance(Millis(20'000));
      if (may_be_restarting) {
        EXPECT_TRUE(!steering.attached() || history().canary || !in_state(InstanceState::Standby).empty());
        return;
      }
      return expect_one_release_serves(served_release, served_count);
    case Outcome::NeedsAttention:
      EXPECT_NE(verdict.reason, "");
      return;
    case Outcome::Unchanged:
      ADD_FAILURE() << "no outcome of a rollout: " << outcome_name(verdict.outcome);
  }
}

void DeployWorld::expect_sensible_events() {
  const auto& events = observer.events;
  std::map<InstanceId, std::string> last;
  for (const Event& event : events) {
    if (!event_instance(event)) continue;
    const InstanceId id = *event_instance(event);
    const std::string name(event_name(event));
    const auto after = [&](const char* earlier) {
      EXPECT_GE(observer.place_of(earlier, id), 0) << name << " of " << id << " without " << earlier;
    };
    if (name == "instance.ready") after("instance.started");
    if (name == "instance.drained") after("instance.draining");
    EXPECT_NE(last[id], "instance.drained") << name << " of " << id << " after its end";
    last[id] = name;
  }
  if (events.empty()) return;
  EXPECT_TRUE(is<DeployStarted>(events.front()));
}

}  // namespace rollctl::test
