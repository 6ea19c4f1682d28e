// SPDX-License-Identifier: MIT
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "behaviours.h"
#include "event_file.h"
#include "notify.h"
#include "server.h"

namespace rollctl::stub {
namespace {

constexpr int kUsage = 2;

std::string help() {
  return "Usage: stub_server [--listen ADDR]... [--behaviour NAME[=ARG]]... [--count-file PATH]\n"
         "A small web server for tests that can misbehave. Without a behaviour it is a good one: it listens "
         "with\n"
         "SO_REUSEPORT, is ready at once (READY=1, /readyz), and drains on SIGTERM, SIGINT and SIGQUIT.\n"
         "--count-file appends a JSON line for each connection, request and turn of its life.\n\n"
         "Behaviours; several go together:\n" +
         describe_behaviours();
}

Status read_arguments(Plan& plan, const std::vector<std::string>& arguments) {
  std::vector<std::string_view> behaviours;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view option = arguments[i];
    if (option == "--help") {
      std::fputs(help().c_str(), stdout);
      std::exit(0);
    }
    if (i + 1 == arguments.size()) {
      return fail(ErrorKind::Invalid, std::string(option) + " is unknown or lacks a value");
    }
    std::string_view value = arguments[++i];
    if (option == "--listen") {
      auto address = ListenAddress::parse(value);
      if (!address) return fail(address.error());
      plan.listen.push_back(*address);
    } else if (option == "--behaviour") {
      behaviours.push_back(value);
    } else if (option == "--count-file") {
      plan.events_path = value;
    } else {
      return fail(ErrorKind::Invalid, "unknown option " + std::string(option));
    }
  }
  // After all addresses: a behaviour may replace them.
  for (auto behaviour : behaviours) {
    if (auto applied = apply_behaviour(plan, behaviour); !applied) return applied;
  }
  return {};
}

void fill_log(uint64_t bytes) {
  const std::string line =
      "stub_server fills its log, and goes on filling it until it has had enough of that\n";
  for (uint64_t written = 0; written < bytes; written += line.size()) {
    [[maybe_unused]] ssize_t ignored = write(STDOUT_FILENO, line.data(), line.size());
  }
}

sigset_t block_ending_signals(const Plan& plan) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGQUIT, plan.end_signal.value_or(SIGTERM)}) sigaddset(&set, signal);
  if (plan.reopens_after) sigaddset(&set, SIGHUP);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return set;
}

int serve(const Plan& plan, EventFile events, std::function<void()> on_ready) {
  Server server(plan, std::move(events), std::move(on_ready));
  auto code = server.run();
  if (!code) {
    // Standard error is what a supervisor shows of a failed start.
    std::fprintf(stderr, "stub_server[%d]: %s\n", getpid(), code.error().message.c_str());
    return 1;
  }
  return *code;
}

[[noreturn]] void be_worker(const Plan& plan, int ready_fd, pid_t master) {
  // A master that was killed takes its workers along, so that a test leaves nothing behind.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != master) _exit(1);
  unsetenv("NOTIFY_SOCKET");  // the master speaks for all
  auto events = EventFile::open(plan.events_path);
  if (!events) _exit(1);
  _exit(serve(plan, std::move(*events),
              [ready_fd] { [[maybe_unused]] ssize_t ignored = write(ready_fd, "r", 1); }));
}

// The exit code of one worker that has ended, without blocking; nothing when none has.
std::optional<int> reap_worker(std::vector<pid_t>& workers) {
  int status = 0;
  pid_t ended = waitpid(-1, &status, WNOHANG);
  if (ended <= 0) return std::nullopt;
  std::erase(workers, ended);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

// Workers that are started together do not end together.
Plan plan_of_worker(const Plan& plan, unsigned place) {
  Plan its = plan;
  if (its.recycled_after) *its.recycled_after += *its.recycled_after * place / plan.workers;
  return its;
}

// Ready when every worker is; ends when all have; a worker that fails ends the others.
int be_master(const Plan& plan, sigset_t watched) {
  sigaddset(&watched, SIGCHLD);
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  Fd signals(signalfd(-1, &watched, SFD_CLOEXEC));
  auto ready = make_pipe();
  if (!ready || !signals) return 1;
  std::vector<pid_t> workers;
  pid_t master = getpid();
  unsigned started = 0;
  const auto start_worker = [&] {
    const pid_t worker = fork();
    if (worker == 0) be_worker(plan_of_worker(plan, started % plan.workers), ready->write.get(), master);
    workers.push_back(worker);
    ++started;
  };
  while (started < plan.workers) start_worker();
  if (!plan.recycled_after) ready->write.reset();

  int code = 0;
  unsigned ready_count = 0;
  bool is_ending = false;
  while (!workers.empty()) {
    pollfd polled[] = {{signals.get(), POLLIN, 0}, {ready->read.get(), POLLIN, 0}};
    if (poll(polled, 2, -1) < 0) continue;
    char byte = 0;
    if (polled[1].revents != 0) {
      if (read(ready->read.get(), &byte, 1) != 1) ready->read.reset();
      if (byte != 0 && ++ready_count == plan.workers) notify(plan.notify_way, "READY=1\n");
    }
    if (polled[0].revents == 0) continue;
    signalfd_siginfo info{};
    if (read(signals.get(), &info, sizeof info) != sizeof info) continue;
    int signal = static_cast<int>(info.ssi_signo);
    is_ending = is_ending || signal != SIGCHLD;
    while (auto worker_code = reap_worker(workers)) {
      if (*worker_code == 0 && plan.recycled_after && !is_ending) start_worker();
      if (*worker_code != 0 && code == 0) {
        code = *worker_code;
        signal = SIGKILL;
      }
    }
    if (signal == SIGCHLD) continue;
    for (pid_t worker : workers) kill(worker, signal);
  }
  return code;
}

// The foreground process of a server whose other process it cannot reach.
int stay_in_foreground(sigset_t ending) {
  int signal = 0;
  sigwait(&ending, &signal);
  return 0;
}

int run(Plan& plan) {
  auto events = EventFile::open(plan.events_path);
  if (!events) {
    std::fprintf(stderr, "stub_server: %s\n", events.error().message.c_str());
    return 1;
  }
  events->append("start");
  fill_log(plan.log_bytes);
  if (plan.exit_at_once) return *plan.exit_at_once;
  if (plan.signal_at_once) {
    signal(*plan.signal_at_once, SIG_DFL);  // a sanitizer would turn some into an exit
    raise(*plan.signal_at_once);
    return 1;
  }
  if (plan.hides) prctl(PR_SET_DUMPABLE, 0);
  if (plan.daemonize) {
    if (fork() != 0) return 0;
    setsid();
  }
  sigset_t ending = block_ending_signals(plan);
  if (plan.double_forks) {
    if (const pid_t child = fork(); child != 0) {
      waitpid(child, nullptr, 0);
      return stay_in_foreground(ending);
    }
    if (fork() != 0) _exit(0);
    setsid();
  }
  if (plan.workers > 0) return be_master(plan, ending);
  return serve(plan, std::move(*events), {});
}

}  // namespace
}  // namespace rollctl::stub

int main(int argc, char** argv) {
  rollctl::stub::Plan plan;
  auto read = rollctl::stub::read_arguments(plan, std::vector<std::string>(argv + 1, argv + argc));
  if (!read) {
    std::fprintf(stderr, "stub_server: %s\n", read.error().message.c_str());
    return rollctl::stub::kUsage;
  }
  signal(SIGPIPE, SIG_IGN);
  return rollctl::stub::run(plan);
}
