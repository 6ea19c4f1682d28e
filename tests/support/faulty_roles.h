// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deploy/world.h"

namespace rollctl::test {

// Counts the calls of all roles and injects a fault at one of them.
class Faults {
 public:
  // The n-th call, from 1, fails without effect.
  void fail_call(int n) { failing_ = n; }
  // It fails, as do all later calls of the same name.
  void fail_from(int n) { failing_from_ = n; }
  // The next call of that name fails.
  void fail_next(std::string call) { failing_name_ = std::move(call); }
  // Runs just before the call.
  void before_call(int n, std::function<void()> action) {
    acting_ = n;
    action_ = std::move(action);
  }
  // The absolute number of the n-th call from now.
  [[nodiscard]] int from_now(int n) const { return calls_ + n; }
  void none() { failing_ = failing_from_ = acting_ = 0; }

  // The call with the fault ("steering.shift"); empty before it.
  [[nodiscard]] const std::string& where() const { return where_; }

  std::optional<Error> next(std::string_view call) {
    const int n = ++calls_;
    if (call == failing_name_) {
      failing_name_.clear();
      failing_ = n;
    }
    if (n == failing_ || n == failing_from_ || n == acting_) where_ = call;
    if (n == acting_) action_();
    if (n == failing_ || (failing_from_ != 0 && n >= failing_from_ && call == where_))
      return Error{ErrorKind::Failed, 0, std::string(call) + " does not work", {}};
    return std::nullopt;
  }

 private:
  int calls_ = 0;
  int failing_ = 0;
  int failing_from_ = 0;
  int acting_ = 0;
  std::function<void()> action_;
  std::string failing_name_;
  std::string where_;
};

class FaultyInstances final : public Instances {
 public:
  FaultyInstances(Instances& real, Faults& faults) : real_(real), faults_(faults) {}

  void subscribe(OnEvent on_event) override { real_.subscribe(std::move(on_event)); }
  Result<std::vector<FoundInstance>> discover() override {
    if (auto fault = faults_.next("instances.discover")) return fail(*fault);
    return real_.discover();
  }
  Status launch(const LaunchSpec& spec, Acknowledgement& intent) override {
    if (auto fault = faults_.next("instances.launch")) return fail(*fault);
    return real_.launch(spec, intent);
  }
  bool is_busy(InstanceId id) override { return real_.is_busy(id); }
  Status open_gate(InstanceId id) override {
    if (auto fault = faults_.next("instances.open_gate")) return fail(*fault);
    return real_.open_gate(id);
  }
  Acknowledgement set_role(InstanceId id, const RoleOrder& role) override {
    if (auto fault = faults_.next("instances.set_role")) return fail(*fault);
    return real_.set_role(id, role);
  }
  Acknowledgement hold_steering(InstanceId id, std::vector<SteeringHandle> handles,
                                SteeringTerm term) override {
    if (auto fault = faults_.next("instances.hold_steering")) return fail(*fault);
    return real_.hold_steering(id, std::move(handles), term);
  }
  [[nodiscard]] std::optional<LeftProcesses> left_processes(InstanceId id) const override {
    return real_.left_processes(id);
  }
  Acknowledgement drain(InstanceId id, const DrainOrder& order) override {
    if (auto fault = faults_.next("instances.drain")) return fail(*fault);
    return real_.drain(id, order);
  }
  Result<Remnant> clear_remains(InstanceId id) override {
    if (auto fault = faults_.next("instances.clear_remains")) return fail(*fault);
    return real_.clear_remains(id);
  }

 private:
  Instances& real_;
  Faults& faults_;
};

class FaultySockets final : public InstanceSockets {
 public:
  FaultySockets(InstanceSockets& real, Faults& faults) : real_(real), faults_(faults) {}

  Result<std::vector<Listener>> listeners(InstanceId id) override {
    if (auto fault = faults_.next("sockets.listeners")) return fail(*fault);
    return real_.listeners(id);
  }
  bool listeners_changed(InstanceId id) override { return real_.listeners_changed(id); }
  Result<std::vector<ListenSocket>> listen_sockets() override {
    if (auto fault = faults_.next("sockets.listen_sockets")) return fail(*fault);
    return real_.listen_sockets();
  }
  std::vector<ListenSocket> listens_elsewhere(InstanceId id) override { return real_.listens_elsewhere(id); }
  Result<SocketHolder> holder_of(const ListenSocket& socket) override {
    if (auto fault = faults_.next("sockets.holder_of")) return fail(*fault);
    return real_.holder_of(socket);
  }
  Result<size_t> connections(InstanceId id) override {
    if (auto fault = faults_.next("sockets.connections")) return fail(*fault);
    return real_.connections(id);
  }
  Stranded wake_stranded() override { return real_.wake_stranded(); }

 private:
  InstanceSockets& real_;
  Faults& faults_;
};

class FaultySteering final : public Steering {
 public:
  FaultySteering(Steering& real, Faults& faults) : real_(real), faults_(faults) {}

  [[nodiscard]] Handover way() const override { return real_.way(); }
  [[nodiscard]] bool outlives_rollctl() const override { return real_.outlives_rollctl(); }
  Status add(InstanceId instance, const ProcessId& server, std::vector<Listener> listeners) override {
    if (auto fault = faults_.next("steering.add")) return fail(*fault);
    return real_.add(instance, server, std::move(listeners));
  }
  Status shift(const Rotation& rotation) override {
    if (auto fault = faults_.next("steering.shift")) return fail(*fault);
    return real_.shift(rotation);
  }
  Status guard(Admitted admitted) override {
    if (auto fault = faults_.next("steering.guard")) return fail(*fault);
    return real_.guard(admitted);
  }
  Status fall_back_to(Fallback fallback) override {
    if (auto fault = faults_.next("steering.fall_back_to")) return fail(*fault);
    return real_.fall_back_to(fallback);
  }
  [[nodiscard]] Rotation rotation() const override { return real_.rotation(); }
  std::unique_ptr<Settlement> settle(InstanceId instance, Millis bound) override {
    return real_.settle(instance, bound);
  }
  Status remove(InstanceId instance) override {
    if (auto fault = faults_.next("steering.remove")) return fail(*fault);
    return real_.remove(instance);
  }
  std::unique_ptr<AimedConnect> connect(Loop& loop, InstanceId instance, const Endpoint& target,
                                        TimePoint deadline, std::string_view opening,
                                        std::function<void(Result<Fd>)> done) override {
    return real_.connect(loop, instance, target, deadline, opening, std::move(done));
  }
  Result<std::vector<SteeringHandle>> share(InstanceId instance) override {
    if (auto fault = faults_.next("steering.share")) return fail(*fault);
    return real_.share(instance);
  }
  [[nodiscard]] std::optional<SteeringCounters> counters(InstanceId instance) const override {
    return real_.counters(instance);
  }
  Status detach() override {
    if (auto fault = faults_.next("steering.detach")) return fail(*fault);
    return real_.detach();
  }

 private:
  Steering& real_;
  Faults& faults_;
};

class FaultyJournal final : public Journal {
 public:
  FaultyJournal(Journal& real, Faults& faults) : real_(real), faults_(faults) {}

  Acknowledgement commit(const Event& event) override {
    if (auto fault = faults_.next("journal.commit")) return fail(*fault);
    return Acknowledgement([this, on_disk = real_.commit(event)]() mutable -> Status {
      if (auto fault = faults_.next("journal.sync")) return fail(*fault);
      return on_disk.await();
    });
  }
  Status note(const Event& event) override {
    if (auto fault = faults_.next("journal.note")) return fail(*fault);
    return real_.note(event);
  }

 private:
  Journal& real_;
  Faults& faults_;
};

// A faulty attempt answers "not ready".
class FaultyProbe final : public Probe {
 public:
  FaultyProbe(Probe& real, Faults& faults) : real_(real), faults_(faults) {}

  std::unique_ptr<ProbeAttempt> attempt(const ProbeSpec& spec, const ProbeSubject& subject,
                                        Done done) override {
    const auto fault = faults_.next("probe.attempt");
    if (!fault) return real_.attempt(spec, subject, std::move(done));
    return real_.attempt(spec, subject, [done = std::move(done), fault](const ProbeResult&) {
      done({ProbeAnswer::NotReady, fault->message});
    });
  }

 private:
  Probe& real_;
  Faults& faults_;
};

class FaultyHooks final : public Hooks {
 public:
  FaultyHooks(Hooks& real, Faults& faults) : real_(real), faults_(faults) {}

  void end(End how) override { real_.end(how); }

  void run(const OnceLaunch& hook, std::function<void(Result<ExitStatus>)> done) override {
    const auto fault = faults_.next("hooks.run");
    if (!fault) return real_.run(hook, std::move(done));
    real_.run(hook, [done = std::move(done), fault](const Result<ExitStatus>&) { done(fail(*fault)); });
  }

 private:
  Hooks& real_;
  Faults& faults_;
};

}  // namespace rollctl::test
