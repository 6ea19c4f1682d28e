// SPDX-License-Identifier: MIT
#include "loop/loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/fd.h"

namespace rollctl {

namespace {

// The running call shares the callback, so that a callback may destroy its own watch.
struct EventState final : Watch::State {
  event* handle = nullptr;
  std::shared_ptr<Watch::Callback> callback;

  ~EventState() override {
    if (handle != nullptr) event_free(handle);
  }
  static void fire(evutil_socket_t, short, void* self) {
    const auto callback = static_cast<EventState*>(self)->callback;
    (*callback)();
  }
};

timeval to_timeval(Micros duration) {
  const int64_t micros = std::max<int64_t>(duration.count(), 0);
  return timeval{micros / 1'000'000, micros % 1'000'000};
}

constexpr Micros kNoTimeout{-1};

// Those of a loop: epoll, its timer and a pipe for signals.
constexpr size_t kDescriptors = 4;

Error cannot_make_loop(int os_error) {
  Error error = os_failure("cannot make an event loop", os_error);
  if (is_shortage(error)) error.hint = "raise the limit of open files: ulimit -n 1024";
  return error;
}

// libevent ends the process where it gets none for its pipe.
Status check_descriptors() {
  std::array<Fd, kDescriptors> all;
  for (Fd& one : all) {
    one = Fd(::eventfd(0, EFD_CLOEXEC));
    if (!one) return fail(cannot_make_loop(errno));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::create() {
  ROLL_TRY(check_descriptors());
  // The error that is returned says it; libevent would write a line of its own.
  event_set_log_callback([](int, const char*) {});
  event_config* config = event_config_new();
  if (config == nullptr) return fail(ErrorKind::Failed, "cannot make an event loop: out of memory");
  // Without a precise timer epoll_wait rounds every delay up to whole milliseconds; with a cached time a
  // timer that is created in a slow callback fires early.
  event_config_set_flag(
      config, EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_NO_CACHE_TIME);
  errno = 0;
  event_base* base = event_base_new_with_config(config);
  const int failure = errno;
  event_config_free(config);
  if (base == nullptr) return fail(cannot_make_loop(failure));
  return std::unique_ptr<Loop>(new Loop(base));
}

Loop::~Loop() {
  event_base_free(base_);
}

Watch Loop::watch(int fd, short what, Micros delay, Watch::Callback callback) {
  auto state = std::make_unique<EventState>();
  state->callback = std::make_shared<Watch::Callback>(std::move(callback));
  state->handle = event_new(base_, fd, what, &EventState::fire, state.get());
  const timeval timeout = to_timeval(delay);
  if (state->handle != nullptr) event_add(state->handle, delay == kNoTimeout ? nullptr : &timeout);
  return Watch(std::move(state));
}

Watch Loop::on_readable(int fd, Watch::Callback callback) {
  return watch(fd, EV_READ | EV_PERSIST, kNoTimeout, std::move(callback));
}

Watch Loop::on_writable(int fd, Watch::Callback callback) {
  return watch(fd, EV_WRITE | EV_PERSIST, kNoTimeout, std::move(callback));
}

Watch Loop::after(Micros delay, Watch::Callback callback) {
  return watch(-1, 0, std::max(delay, Micros(0)), std::move(callback));
}

Watch Loop::every(Micros interval, Watch::Callback callback) {
  return watch(-1, EV_PERSIST, std::max(interval, Micros(1)), std::move(callback));
}

Watch Loop::on_signal(int signal, Watch::Callback callback) {
  return watch(signal, EV_SIGNAL | EV_PERSIST, kNoTimeout, std::move(callback));
}

void Loop::run() {
  event_base_loop(base_, EVLOOP_NO_EXIT_ON_EMPTY);
}

void Loop::stop() {
  event_base_loopbreak(base_);
}

WaitEnd Loop::run_until(const std::function<bool()>& satisfied, TimePoint deadline) {
  if (satisfied()) return WaitEnd::Satisfied;
  // The deadline is a timer, so that the loop sleeps until an event. It repeats, because libevent counts
  // whole microseconds and may fire just before the deadline.
  constexpr Micros kOneForEachRounding{2};
  constexpr TimePoint::duration kLongest = std::chrono::hours(24 * 365);
  const auto left = std::chrono::ceil<Micros>(std::min(deadline - now(), kLongest));
  const Watch alarm = after(left + kOneForEachRounding, [] {});
  for (;;) {
    event_base_loop(base_, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
    if (satisfied()) return WaitEnd::Satisfied;
    if (now() >= deadline) return WaitEnd::DeadlinePassed;
  }
}

}  // namespace rollctl
