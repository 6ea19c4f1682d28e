// SPDX-License-Identifier: MIT
#include "load/run.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace rollctl::load {
namespace {

using namespace std::chrono_literals;

// How late a time-out of a request may be noticed.
constexpr auto kLongestTick = 50ms;

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

class Run::Control final : public Pollable {
 public:
  explicit Control(std::function<void()> act) : act_(std::move(act)) {}
  void on_ready(uint32_t /*events*/) override { act_(); }

 private:
  std::function<void()> act_;
};

Run::Run(const Options& options, OnSnapshot on_snapshot)
    : s_{options,
         Fd(epoll_create1(EPOLL_CLOEXEC)),
         Dialer(options.source_addresses),
         {},
         false,
         options.requests,
         {}},
      on_snapshot_(std::move(on_snapshot)) {}

Result<Ledger> Run::run() {
  raise_descriptor_limit();
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = Fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!s_.epoll || !signals_) return fail(last_os_failure("cannot make an epoll and a signal descriptor"));
  controls_.push_back(std::make_unique<Control>([this] { read_signals(); }));
  s_.watch(signals_.get(), *controls_.back());

  started_ = std::chrono::steady_clock::now();
  s_.next_tick = started_;
  next_report_ = started_ + s_.options.report_every.value_or(0ms);
  start_clients();
  if (s_.options.reads_stdin) {
    // Level-triggered and one read for each event: non-blocking mode would be shared with whoever else has
    // this terminal. A file is refused by epoll, and needs no waiting for.
    controls_.push_back(std::make_unique<Control>([this] { read_commands(); }));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = controls_.back().get();
    bool watched = epoll_ctl(s_.epoll.get(), EPOLL_CTL_ADD, STDIN_FILENO, &event) == 0;
    while (!watched && !s_.stopping) read_commands();
  }
  while (!is_over()) {
    std::array<epoll_event, 64> ready;
    int count = epoll_wait(s_.epoll.get(), ready.data(), ready.size(), milliseconds_to_tick());
    if (count < 0 && errno != EINTR) return fail(last_os_failure("cannot wait for events"));
    for (int i = 0; i < count; ++i) {
      const auto& event = ready.at(static_cast<size_t>(i));
      static_cast<Pollable*>(event.data.ptr)->on_ready(event.events);
    }
    report_reached();
    auto now = std::chrono::steady_clock::now();
    if (now >= s_.next_tick) tick(now);
  }
  return std::move(s_.ledger);
}

Millis Run::elapsed() const {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - started_);
}

void Run::start_clients() {
  const Options& options = s_.options;
  size_t turn = 0;
  auto next_target = [&] { return options.targets[turn++ % options.targets.size()]; };
  for (unsigned i = 0; i < options.connect_clients; ++i) {
    clients_.push_back(std::make_unique<Client>(s_, Mode::Connect, next_target()));
  }
  for (unsigned i = 0; i < options.keepalive_clients; ++i) {
    clients_.push_back(std::make_unique<Client>(s_, Mode::KeepAlive, next_target()));
  }
  for (const auto& path : options.downloads) {
    downloads_.push_back(std::make_unique<Download>(s_, path, next_target()));
  }
  for (auto& download : downloads_) download->start();
  for (auto& client : clients_) client->start();
}

void Run::stop() {
  if (s_.stopping) return;
  s_.stopping = true;
  for (auto& client : clients_) client->stop();
  for (auto& download : downloads_) download->stop();
}

void Run::give_up() {
  for (auto& client : clients_) client->abandon();
  for (auto& download : downloads_) download->abandon();
}

void Run::tick(TimePoint now) {
  s_.next_tick = now + kLongestTick;
  if (s_.options.duration) {
    if (now >= started_ + *s_.options.duration) {
      stop();
    } else {
      s_.tick_by(started_ + *s_.options.duration);
    }
  }
  if (s_.options.report_every) {
    if (now >= next_report_) {
      on_snapshot_("progress", s_.ledger, elapsed());
      // A report that was held up is not made up for by a burst.
      next_report_ = std::max(next_report_ + *s_.options.report_every, now);
    }
    s_.tick_by(next_report_);
  }
  for (auto& client : clients_) client->tick(now);
  for (auto& download : downloads_) download->tick(now);
}

void Run::report_reached() {
  if (awaited_.empty()) return;
  uint64_t finished = s_.ledger.finished();
  auto reached = [&](uint64_t total) { return finished >= total; };
  auto count = std::erase_if(awaited_, reached);
  for (size_t i = 0; i < count; ++i) on_snapshot_("reached", s_.ledger, elapsed());
}

void Run::read_signals() {
  signalfd_siginfo info{};
  while (read(signals_.get(), &info, sizeof info) == sizeof info) {
    if (s_.stopping) give_up();
    stop();
  }
}

void Run::read_commands() {
  std::array<char, 4096> buffer;
  ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {
    epoll_ctl(s_.epoll.get(), EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
    return stop();
  }
  commands_.append(buffer.data(), static_cast<size_t>(got));
  for (size_t end = 0; (end = commands_.find('\n')) != std::string::npos; commands_.erase(0, end + 1)) {
    obey(std::string_view(commands_).substr(0, end));
  }
}

void Run::obey(std::string_view command) {
  constexpr std::string_view kAwait = "await ";
  if (command == "snapshot") return on_snapshot_("snapshot", s_.ledger, elapsed());
  if (command == "stop") return stop();
  uint64_t further = 0;
  if (command.starts_with(kAwait)) {
    auto number = command.substr(kAwait.size());
    auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), further);
    if (error == std::errc() && end == number.data() + number.size()) {
      awaited_.push_back(s_.ledger.finished() + further);
      return;
    }
  }
  on_snapshot_("unknown_command", s_.ledger, elapsed());
}

bool Run::is_over() const {
  auto is_done = [](const auto& one) { return one->is_done(); };
  return std::ranges::all_of(clients_, is_done) && std::ranges::all_of(downloads_, is_done);
}

int Run::milliseconds_to_tick() const {
  auto left = std::chrono::ceil<Millis>(s_.next_tick - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

}  // namespace rollctl::load
