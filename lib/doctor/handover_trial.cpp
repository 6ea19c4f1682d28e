// SPDX-License-Identifier: MIT
#include "doctor/handover_trial.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "bpf/grace_period.h"
#include "doctor/private_network.h"
#include "loop/loop.h"
#include "net/listen_socket.h"
#include "net/tcp_connect.h"
#include "steering/classic_fault.h"
#include "steering/classic_steering.h"
#include "steering/ebpf_steering.h"
#include "steering/migration_trial.h"
#include "steering/unsteered.h"

namespace rollctl {

namespace {

constexpr int kPatienceMs = 300;  // each step takes microseconds where it works
constexpr int kClients = 16;
constexpr InstanceId kOld = 1;
constexpr InstanceId kNew = 2;

const ListenAddress& address() {
  static const ListenAddress kAddress = ListenAddress::parse("127.0.0.1:8080").value();
  return kAddress;
}

Result<Fd> listen() {
  auto listener = open_listener(address());
  if (listener) {
    if (Status set = set_nonblocking(listener->get()); !set) return fail(set.error());
  }
  return listener;
}

Status connect_one(std::vector<Fd>& clients) {
  const Endpoint& target = address().endpoint;
  auto client = open_client({target.ip, 0});
  if (!client) return fail(client.error());
  if (Status begun = begin_connect(client->get(), target); !begun) return begun;
  pollfd connected{client->get(), POLLOUT, 0};
  if (::poll(&connected, 1, kPatienceMs) != 1)
    return fail(ErrorKind::Failed, "a client's connection was not answered");
  if (Status outcome = connect_outcome(client->get(), target); !outcome) return outcome;
  clients.push_back(std::move(*client));
  return {};
}

Status connect_some(std::vector<Fd>& clients) {
  for (int i = 0; i < kClients; ++i) {
    if (Status connected = connect_one(clients); !connected) return connected;
  }
  return {};
}

int accept_all(const Fd& listener) {
  int count = 0;
  while (Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))) ++count;
  return count;
}

// --- Steering ---

struct Pair {
  Fd old_listener;
  Fd new_listener;
};

Status expect_at(const Pair& pair, int at_old, int at_new, const char* what) {
  const int old_got = accept_all(pair.old_listener);
  const int new_got = accept_all(pair.new_listener);
  if (old_got == at_old && new_got == at_new) return {};
  return fail(ErrorKind::Failed,
              fmt::format("{}: {} of {} connections reached the old server and {} of {} the new one", what,
                          old_got, at_old, new_got, at_new));
}

Status add(Steering& steering, InstanceId instance, const Fd& listener) {
  auto copy = duplicate(listener.get());
  if (!copy) return fail(copy.error());
  const auto self = ProcessRef::self();
  if (!self) return fail(self.error());
  std::vector<Listener> listeners;
  listeners.push_back({std::move(*copy), address().endpoint, 0});
  return steering.add(instance, self->id(), std::move(listeners));
}

Status probe(Loop& loop, Steering& steering, InstanceId instance) {
  std::optional<Result<Fd>> connected;
  const auto attempt = steering.connect(loop, instance, address().endpoint, loop.now() + Millis(kPatienceMs),
                                        {}, [&](Result<Fd> result) { connected = std::move(result); });
  loop.run_until([&] { return connected.has_value(); }, loop.now() + Millis(2 * kPatienceMs));
  if (!connected) return fail(ErrorKind::Failed, "an aimed probe was not answered");
  if (!*connected) return fail(with_context(connected->error(), "an aimed probe"));
  return {};
}

Status settle(Loop& loop, Steering& steering, InstanceId instance) {
  const auto settlement = steering.settle(instance, Millis(kPatienceMs));
  std::optional<SettleResult> result;
  while (!(result = settlement->poll())) loop.run_until([] { return false; }, loop.now() + Millis(1));
  if (result->left() == 0) return {};
  return fail(ErrorKind::Failed, fmt::format("settling left {} connections behind", result->left()));
}

// The steps of a deploy.
Result<std::string> hand_over(Loop& loop, Steering& steering, Pair& pair) {
  std::vector<Fd> clients;
  for (const auto& [instance, listener] :
       {std::pair(kOld, &pair.old_listener), std::pair(kNew, &pair.new_listener)}) {
    auto opened = listen();
    if (!opened) return fail(opened.error());
    *listener = std::move(*opened);
    if (Status added = add(steering, instance, *listener); !added) return fail(added.error());
    if (instance == kNew) break;
    if (Status shifted = steering.shift({{kOld, 1.0}}); !shifted) return fail(shifted.error());
  }
  if (Status done = connect_some(clients); !done) return fail(done.error());
  if (Status right = expect_at(pair, kClients, 0, "gating"); !right) return fail(right.error());
  if (Status probed = probe(loop, steering, kNew); !probed) return fail(probed.error());
  if (Status right = expect_at(pair, 0, 1, "an aimed probe"); !right) return fail(right.error());
  if (Status shifted = steering.shift({{kNew, 1.0}}); !shifted) return fail(shifted.error());
  if (Status done = connect_some(clients); !done) return fail(done.error());
  if (Status right = expect_at(pair, 0, kClients, "shifting"); !right) return fail(right.error());
  if (Status settled = settle(loop, steering, kOld); !settled) return fail(settled.error());
  if (Status detached = steering.detach(); !detached) return fail(detached.error());
  return fmt::format("gate, aimed probe, shift and settling: {0} of {0} connections went where they should",
                     2 * kClients + 1);
}

HostCheck without_network(const char* name, const Error& why, const Status& likely) {
  HostCheck check = make_check(name, likely ? Result<std::string>() : fail(likely.error()));
  if (!likely) return check;
  check.outcome = HostCheck::Outcome::LikelyWorks;
  check.message = "allowed here, but not tried on connections: " + why.message;
  return check;
}

HostCheck ebpf_check() {
  constexpr const char* kName = "steer-ebpf";
  // Before entering the private network, whose user namespace may lack the capability to load it.
  auto maps = load_steer_program();
  if (!maps) return make_check(kName, fail(maps.error()));
  if (Status entered = enter_private_network(); !entered) return without_network(kName, entered.error(), {});
  const auto loop = Loop::create();
  if (!loop) return make_check(kName, fail(loop.error()));
  Pair pair;
  EbpfSteeringOptions options;
  options.loaded = std::move(*maps);
  options.take_listener = [&](InstanceId instance, const Endpoint&) {
    return duplicate((instance == kOld ? pair.old_listener : pair.new_listener).get());
  };
  const auto steering = EbpfSteering::create(std::move(options));
  if (!steering) return make_check(kName, fail(steering.error()));
  return make_check(kName, hand_over(**loop, **steering, pair));
}

HostCheck classic_check() {
  constexpr const char* kName = "steer-classic";
  if (Status entered = enter_private_network(); !entered)
    return without_network(kName, entered.error(), classic_steering_available());
  const auto loop = Loop::create();
  if (!loop) return make_check(kName, fail(loop.error()));
  const auto steering = ClassicSteering::create(**loop);
  if (!steering) return make_check(kName, fail(steering.error()));
  Pair pair;
  return make_check(kName, hand_over(**loop, **steering, pair));
}

// --- Migration ---

Status allow_migration() {
  const Fd setting(::open("/proc/sys/net/ipv4/tcp_migrate_req", O_WRONLY | O_CLOEXEC));
  if (!setting) return fail(last_os_failure("cannot set net.ipv4.tcp_migrate_req in a network namespace"));
  return write_all(setting.get(), "1");
}

HostCheck migration_check() {
  constexpr const char* kName = "migrate";
  const Status allowed_here = migration_available();
  if (!allowed_here && ::access("/proc/sys/net/ipv4/tcp_migrate_req", F_OK) != 0)
    return make_check(kName, fail(allowed_here.error()));
  Status ready = enter_private_network();
  if (ready) ready = allow_migration();
  if (!ready) return without_network(kName, ready.error(), allowed_here);
  const auto trial = try_to_migrate();
  if (!trial) return make_check(kName, fail(trial.error()));
  const std::string count = fmt::format("{} of {} connections", trial->moved, trial->clients);
  if (trial->moved != trial->clients)
    return make_check(kName, fail(ErrorKind::Failed, "the kernel moved " + count + " of a closing listener"));
  if (!allowed_here)
    return make_check(kName, fail(ErrorKind::Unsupported,
                                  allowed_here.error().message + "; with 1 the kernel moved " + count +
                                      " of a closing listener",
                                  allowed_here.error().hint));
  return make_check(kName, "the kernel moved " + count + " of a closing listener");
}

HostCheck wakeup_check() {
  HostCheck check;
  check.name = "migrate-wakeup";
  Status ready = enter_private_network();
  if (ready) ready = allow_migration();
  const auto trial = ready ? try_to_migrate() : fail(ready.error());
  if (!trial || trial->moved == 0) {
    check.message = trial ? "nothing was moved" : trial.error().message;
    return check;
  }
  check.outcome = trial->noticed ? HostCheck::Outcome::Works : HostCheck::Outcome::Fails;
  check.message = trial->noticed
                      ? "a server that waits in epoll notices what the kernel moved to it"
                      : "a server that waits in epoll does not notice what the kernel moved to it; "
                        "rollctl wakes it";
  return check;
}

const char* name_of(GraceWay way) {
  switch (way) {
    case GraceWay::EveryCpu:
      return "a visit of every CPU";
    case GraceWay::Membarrier:
      return "membarrier(2)";
    case GraceWay::Registration:
      return "a registration for membarrier(2)";
    case GraceWay::Pause:
      break;
  }
  return "a pause, for want of a way to ask the kernel";
}

HostCheck grace_check() {
  HostCheck check;
  const TimePoint begin = std::chrono::steady_clock::now();
  const GraceWay way = grace_period();
  const auto took = std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - begin).count();
  check = make_check("grace-period",
                     fmt::format("{}, {:.1f} ms", name_of(way), static_cast<double>(took) / 1000));
  if (way == GraceWay::Pause) {
    check.outcome = HostCheck::Outcome::LikelyWorks;
    check.hint =
        "let rollctl use every CPU (sched_setaffinity) or membarrier(2): a cpuset or a seccomp filter "
        "forbids both";
  }
  return check;
}

HostCheck socket_list_check() {
  const auto listed = SockDiag::create().and_then([](SockDiag diag) { return diag.listeners(); });
  HostCheck check = make_check("socket-list", listed ? Result<std::string>("the kernel lists TCP sockets")
                                                     : Result<std::string>(fail(listed.error())));
  check.need = HostCheck::Need::Always;
  return check;
}

}  // namespace

HostCheck check_classic_fault() {
  const auto kernel = running_kernel();
  HostCheck check;
  check.name = "classic-program";
  check.message = classic_fault_text(kernel);
  switch (classic_fault(kernel)) {
    case ClassicFault::Mended:
      return make_check(check.name, "this kernel (" + kernel->text() + ") has the fix for CVE-2026-52910");
    case ClassicFault::Present:
      check.outcome = HostCheck::Outcome::Fails;
      check.hint = kClassicFaultHint;
      break;
    case ClassicFault::Unknown:
      check.hint = "look for CVE-2026-52910 in the changelog of the kernel's package";
      break;
  }
  return check;
}

HostCheck try_ebpf_steering(Millis limit) {
  return check_apart("steer-ebpf", limit, ebpf_check);
}

HostCheck try_classic_steering(Millis limit) {
  return check_apart("steer-classic", limit, classic_check);
}

HostCheck try_migration(Millis limit) {
  return check_apart("migrate", limit, migration_check);
}

HostCheck try_migration_wakeup(Millis limit) {
  return check_apart("migrate-wakeup", limit, wakeup_check);
}

HostCheck check_grace_period(Millis limit) {
  return check_apart("grace-period", limit, grace_check);
}

HostCheck check_socket_list(Millis limit) {
  return check_apart("socket-list", limit, socket_list_check);
}

}  // namespace rollctl
