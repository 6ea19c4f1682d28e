// SPDX-License-Identifier: MIT
#include "server.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/process_ref.h"
#include "listeners.h"
#include "notify.h"

namespace rollctl::stub {
namespace {

using namespace std::chrono_literals;

// How long an idle connection of a draining server may still bring a request, which then is answered with
// `Connection: close`.
constexpr auto kIdleGrace = 500ms;

// Connections are served also under a flood of new ones.
constexpr int kAcceptsAtATime = 64;

// What an epoll event is about: one of these, a listener, or a connection.
constexpr uint64_t kSignals = 0;
constexpr uint64_t kGate = 1;
constexpr uint64_t kFirstListener = 2;
constexpr uint64_t kFirstConnection = 1000;

}  // namespace

Result<int> Server::run() {
  auto code = serve();
  if (code) events_.append("exit", std::to_string(*code));
  return code;
}

Result<int> Server::serve() {
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  next_id_ = kFirstConnection;
  if (auto watched = watch_signals(); !watched) return fail(watched.error());
  if (plan_.listens) {
    after(plan_.listen_after, [this] {
      if (auto opened = open_port(); !opened) end_ = fail(opened.error());
    });
  } else if (plan_.becomes_ready) {
    after(plan_.ready_after, [this] { become_ready(); });
  }
  for (;;) {
    int timeout = run_timers();
    if (end_) return *end_;
    if (draining_ && is_drained()) return plan_.exit_code_on_end;
    std::array<epoll_event, 64> ready;
    int count = epoll_wait(epoll_.get(), ready.data(), ready.size(), timeout);
    for (int i = 0; i < count; ++i) {
      uint64_t id = ready.at(static_cast<size_t>(i)).data.u64;
      if (id >= kFirstConnection) {
        proceed(id);
      } else if (id == kSignals) {
        on_signal();
      } else if (id == kGate) {
        char byte = 0;
        if (read(gate_.get(), &byte, 1) > 0) continue;
        gate_.reset();
        if (auto listening = listen_everywhere(); !listening) return fail(listening.error());
      } else if (id - kFirstListener < listeners_.size()) {
        accept_from(listeners_[id - kFirstListener].get(), kAcceptsAtATime);
      }
    }
  }
}

Status Server::watch_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGQUIT, plan_.end_signal.value_or(SIGTERM)}) sigaddset(&set, signal);
  if (plan_.reopens_after) sigaddset(&set, SIGHUP);
  signals_ = Fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return fail(last_os_failure("cannot watch signals"));
  watch(signals_.get(), kSignals, EPOLLIN);
  return {};
}

Status Server::open_port() {
  auto bound = bind_listeners(plan_);
  if (!bound) return fail(bound.error());
  listeners_ = std::move(*bound);
  const char* gate = std::getenv("ROLL_GATE_FD");
  if (!plan_.waits_for_gate || gate == nullptr) return listen_everywhere();
  gate_ = Fd(std::atoi(gate));
  watch(gate_.get(), kGate, EPOLLIN);
  if (plan_.becomes_ready) after(plan_.ready_after, [this] { become_ready(); });
  return {};
}

// What waits in the old listeners is accepted first.
void Server::reopen() {
  for (size_t i = 0; i < listeners_.size(); ++i) {
    accept_from(listeners_[i].get(), INT_MAX);
    interests_.erase(kFirstListener + i);
  }
  listeners_.clear();
  after(*plan_.reopens_after, [this] {
    if (auto opened = open_port(); !opened) end_ = fail(opened.error());
  });
}

// As long as it runs, its processor is not idle.
void Server::fail_to_start() {
  const auto end = std::chrono::steady_clock::now() + *plan_.fails_to_start;
  while (std::chrono::steady_clock::now() < end) continue;
  end_ = 1;
}

Status Server::listen_everywhere() {
  for (size_t i = 0; i < listeners_.size(); ++i) {
    int listener = listeners_[i].get();
    if (!plan_.inherits && listen(listener, plan_.backlog) < 0) {
      return fail(last_os_failure("cannot listen on " + bound_address(listener)));
    }
    events_.append("listen", bound_address(listener));
    if (plan_.accepting != Accepting::Never) watch(listener, kFirstListener + i, EPOLLIN);
  }
  if (plan_.fails_to_start) {
    fail_to_start();
    return {};
  }
  if (plan_.becomes_ready && !ready_) after(plan_.ready_after, [this] { become_ready(); });
  if (plan_.recycled_after) after(*plan_.recycled_after, [this] { drain(); });
  return {};
}

void Server::become_ready() {
  if (draining_) return;
  ready_ = true;
  events_.set_ready(true);
  events_.append("ready");
  notify(plan_.notify_way, plan_.status_text.empty() ? "READY=1\n" : "READY=1\nSTATUS=" + plan_.status_text);
  if (on_ready_) on_ready_();
  if (plan_.unready_after) {
    after(*plan_.unready_after, [this] {
      ready_ = false;
      events_.set_ready(false);
      events_.append("unready");
    });
  }
  if (plan_.exit_after) {
    after(*plan_.exit_after, [this] { end_ = plan_.exit_after_code; });
  }
  if (plan_.abort_after) {
    after(*plan_.abort_after, [] { abort(); });
  }
}

void Server::accept_from(int listener, int most) {
  for (int i = 0; i < most; ++i) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    Fd socket(accept4(listener, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    std::string name;
    if (events_.is_open()) {
      auto endpoint = Endpoint::from_sockaddr(peer);
      name = endpoint ? endpoint->text() : "?";
      events_.append("accept", name);
    }
    if (plan_.accepting == Accepting::AndClosing) continue;
    uint64_t id = next_id_++;
    connections_.emplace(id, std::make_unique<Connection>(std::move(socket), std::move(name)));
    proceed(id);
  }
}

void Server::proceed(uint64_t id) {
  auto found = connections_.find(id);
  if (found == connections_.end()) return;
  auto wish = found->second->proceed({plan_, events_, ready_, draining_});
  if (wish.closed) {
    connections_.erase(found);
    interests_.erase(id);
    return;
  }
  // A wake-up that is no longer wanted does no harm.
  if (wish.wake_at) at(*wish.wake_at, [this, id] { proceed(id); });
  watch(found->second->fd(), id, wish.interest);
}

void Server::on_signal() {
  signalfd_siginfo info{};
  while (read(signals_.get(), &info, sizeof info) == sizeof info) {
    int signal = static_cast<int>(info.ssi_signo);
    if (plan_.reopens_after && signal == SIGHUP) {
      reopen();
      continue;
    }
    events_.append("term", signal_name(signal));
    bool cuts = plan_.ends_at_once || (plan_.end_signal && signal != *plan_.end_signal);
    if (plan_.ignores_end) continue;
    if (cuts) {
      end_ = plan_.exit_code_on_end;
    } else if (!draining_) {
      drain();
    }
  }
}

void Server::drain() {
  notify(plan_.notify_way, "STOPPING=1\n");
  if (plan_.accepting == Accepting::Yes) {
    for (const auto& listener : listeners_) accept_from(listener.get(), INT_MAX);
  }
  draining_ = true;
  listeners_.clear();
  after(kIdleGrace, [this] { half_close_idle(); });
  after(plan_.drain_takes, [this] { drain_time_over_ = true; });
}

void Server::half_close_idle() {
  std::vector<uint64_t> idle;
  for (const auto& [id, connection] : connections_) {
    if (connection->is_idle()) idle.push_back(id);
  }
  for (uint64_t id : idle) {
    connections_.at(id)->half_close();
    proceed(id);
  }
}

bool Server::is_drained() const {
  return drain_time_over_ && connections_.empty();
}

void Server::after(Millis delay, std::function<void()> what) {
  if (delay <= 0ms) return what();
  at(std::chrono::steady_clock::now() + delay, std::move(what));
}

int Server::run_timers() {
  while (!timers_.empty()) {
    auto left = std::chrono::ceil<Millis>(timers_.begin()->first - std::chrono::steady_clock::now());
    if (left > 0ms) return static_cast<int>(left.count());
    auto what = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    what();
  }
  return -1;
}

void Server::watch(int fd, uint64_t id, uint32_t interest) {
  auto [entry, added] = interests_.try_emplace(id, interest);
  if (!added && entry->second == interest) return;
  entry->second = interest;
  epoll_event event{};
  event.events = interest;
  event.data.u64 = id;
  epoll_ctl(epoll_.get(), added ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

}  // namespace rollctl::stub
