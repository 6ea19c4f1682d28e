// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "supervise/roles.h"
#include "supervise/supervisor.h"

namespace rollctl::test {

class PushedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override {
    return WallTime(std::chrono::seconds(1'769'860'800)) +
           std::chrono::duration_cast<WallTime::duration>(now_.time_since_epoch());
  }
  void push(Micros duration) { now_ += duration; }

 private:
  TimePoint now_{std::chrono::hours(1)};
};

// Its processes are numbers only: 100 is the first server, 101 the next.
class FakeServer final : public ServerProcess {
 public:
  Result<ProcessId> start() override {
    if (fork_fails) return fail(ErrorKind::Failed, "cannot fork a server: no more processes");
    ++starts;
    return ProcessId{99 + starts, static_cast<uint64_t>(starts), "boot"};
  }
  // The exec works or fails at once, unless the child is stopped.
  void proceed() override {
    if (is_stopped) return;
    if (exec_fails) return shim->execution_failed("cannot start \"./web\": No such file or directory");
    ++executions;
    shim->executed();
  }
  std::optional<std::string> call_off() override {
    ++call_offs;
    if (is_stopped) return "cannot start \"./web\": its process was stopped before the exec";
    shim->executed();
    return std::nullopt;
  }
  void send_signal(int signal) override { signals.push_back(signal); }
  void send_signal_to_all(int signal) override { signals_to_all.push_back(signal); }
  Result<std::vector<pid_t>> living() override {
    if (cannot_look) return fail(ErrorKind::Failed, "cannot open /proc: Too many open files");
    return left;
  }
  void open_gate() override { gate_open = true; }
  void close_sockets() override {
    ++closes;
    signals_at_close = signals.size();
  }

  Supervisor* shim = nullptr;  // to report to
  bool is_stopped = false;     // before the exec
  int call_offs = 0;
  bool fork_fails = false;
  bool cannot_look = false;  // living() fails
  bool exec_fails = false;
  int starts = 0;
  int executions = 0;
  bool gate_open = false;
  int closes = 0;  // of the sockets
  size_t signals_at_close = 0;
  std::vector<int> signals;
  std::vector<int> signals_to_all;
  std::vector<pid_t> left;
};

class FakeNetwork final : public ServerNetwork {
 public:
  Result<std::vector<Listener>> listeners() override { return std::vector<Listener>(2); }
  bool listens_on_all() override {
    ++looks;
    return listening;
  }
  Result<size_t> connections() override { return open_connections; }
  SlotUse slot_use(const std::vector<SteeringHandle>& steering) override {
    ++slot_looks;
    return steering.empty() ? SlotUse() : slots;
  }
  bool anything_new_listens() override { return std::exchange(new_listens, false); }
  Refill refill(std::vector<SteeringHandle>&, std::vector<Listener> listeners) override {
    ++refills;
    refilled += listeners.size();
    if (refill_result == Refill::Done) slots.filled = std::min(slots.owned, slots.filled + fills);
    return refill_result;
  }

  GroupOccupancy occupancy(std::vector<SteeringHandle>& steering) override {
    if (who_is_left == GroupOccupancy::SteeringEnded) steering.clear();
    return who_is_left;
  }
  Status end_steering(std::vector<SteeringHandle>& steering) override {
    ++endings;
    if (end_fails) return fail(ErrorKind::NotFound, "no listener is left");
    steering.clear();
    return {};
  }
  SteeringCounters counters(const std::vector<SteeringHandle>& steering) override {
    return steering.empty() ? SteeringCounters() : counted;
  }

  GroupOccupancy who_is_left = GroupOccupancy::OthersListen;
  int endings = 0;
  bool end_fails = false;
  SteeringCounters counted;
  bool listening = false;
  int looks = 0;
  size_t open_connections = 0;
  SlotUse slots{1, 1};
  int slot_looks = 0;
  bool new_listens = false;  // since the last look
  int refills = 0;
  size_t fills = 0;  // slots that a refill fills
  size_t refilled = 0;
  Refill refill_result = Refill::Done;
};

class FakeHttpClients final : public HttpClients {
 public:
  Status begin(HttpDrain http) override {
    asked_for = http;
    if (cannot) return fail(ErrorKind::NotPermitted, "changing responses needs CAP_BPF");
    is_active = true;
    return {};
  }
  HttpLook look(Millis silence) override {
    ++looks;
    last_silence = silence;
    return next;
  }
  void end() override { is_active = false; }

  HttpDrain asked_for = HttpDrain::Keep;
  bool cannot = false;
  bool is_active = false;
  HttpLook next;
  int looks = 0;
  Millis last_silence{0};
};

class FakeAppLockGate final : public AppLockGate {
 public:
  std::shared_ptr<void> take() override {
    ++asked;
    return rollctl_is_at_work ? nullptr : std::make_shared<int>(0);
  }
  bool rollctl_is_at_work = false;
  int asked = 0;
};

class RecordingOutput final : public SupervisorOutput {
 public:
  Status save(const InstanceRecord& record) override {
    if (save_fails) return fail(ErrorKind::Failed, "cannot write instance.json: No space left on device");
    saved.push_back(record);
    return {};
  }
  void publish(const ShimEvent& event) override { events.push_back(event); }
  void note(const std::string& line) override {
    journal.push_back(line);
    told_before_noted.push_back(events.size());
  }
  void finish(const ShimEvent& event, const std::string& journal_line) override {
    events.push_back(event);
    last_line = journal_line;
    ++finishes;
  }

  bool save_fails = false;
  std::vector<InstanceRecord> saved;
  std::vector<ShimEvent> events;
  std::vector<std::string> journal;
  std::vector<size_t> told_before_noted;  // how many events, by line of the journal
  std::string last_line;
  int finishes = 0;
};

}  // namespace rollctl::test
