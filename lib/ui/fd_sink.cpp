// SPDX-License-Identifier: MIT
#include "ui/fd_sink.h"

#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace rollctl {

namespace {

constexpr size_t kMuch = size_t{256} * 1024;
constexpr size_t kTooMuch = size_t{8} * 1024 * 1024;
constexpr Millis kStandstill{1000};
constexpr Millis kLook{20};

enum class Written { Taken, Lost };

// Another process may have set O_NONBLOCK on the shared open file.
Written write_patiently(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd writable{fd, POLLOUT, 0};
      (void)::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return Written::Lost;
    }
  }
  return Written::Taken;
}

// Small pieces show early that the reader takes something; whole lines if possible.
size_t first_piece_of(std::string_view text) {
  if (text.size() <= PIPE_BUF) return text.size();
  const size_t end = text.rfind('\n', PIPE_BUF - 1);
  return end == std::string_view::npos ? PIPE_BUF : end + 1;
}

bool are_same_file(int one, int other) {
  struct stat first{};
  struct stat second{};
  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

}  // namespace

class WaitingText : public std::enable_shared_from_this<WaitingText> {
 public:
  void add(int fd, std::string_view text) {
    std::unique_lock lock(mutex_);
    if (!begun_) begin();
    if (!runs_) {  // no thread could be started
      lock.unlock();
      (void)write_patiently(fd, text);
      return;
    }
    if (bytes_ == 0) moved_ = std::chrono::steady_clock::now();
    bytes_ += text.size();
    texts_.emplace_back(fd, text);
    given_.notify_one();
  }

  [[nodiscard]] size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

  [[nodiscard]] Millis standstill() const {
    const std::lock_guard lock(mutex_);
    return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - moved_);
  }

  // True at once if nothing is queued.
  bool await_none_for(Millis time) {
    std::unique_lock lock(mutex_);
    return taken_.wait_for(lock, time, [this] { return bytes_ == 0; });
  }

  // The thread ends when its queue is empty.
  void end() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    given_.notify_one();
  }

 private:
  void begin() {
    begun_ = true;
    // Signals go to the main thread; SIGTTOU must not stop this one.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      std::thread([self = shared_from_this()] { self->write_all(); }).detach();
      runs_ = true;
    } catch (const std::system_error&) {
      runs_ = false;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void write_all() {
    std::unique_lock lock(mutex_);
    for (;;) {
      given_.wait(lock, [this] { return over_ || !texts_.empty(); });
      if (texts_.empty()) return;
      const auto [fd, text] = std::move(texts_.front());
      texts_.pop_front();
      for (std::string_view rest = text; !rest.empty();) {
        const std::string_view piece = rest.substr(0, first_piece_of(rest));
        rest.remove_prefix(piece.size());
        lock.unlock();
        (void)write_patiently(fd, piece);
        lock.lock();
        bytes_ -= piece.size();
        moved_ = std::chrono::steady_clock::now();
      }
      if (bytes_ == 0) taken_.notify_all();
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable given_;
  std::condition_variable taken_;
  std::deque<std::pair<int, std::string>> texts_;
  size_t bytes_ = 0;  // queued
  TimePoint moved_;   // when the reader last took some
  bool begun_ = false;
  bool runs_ = false;
  bool over_ = false;
};

FdSink::~FdSink() {
  if (waiting_) waiting_->end();
}

void FdSink::write(std::string_view text) {
  if (waiting_) return waiting_->add(fd_, text);
  // The reader may have gone; the command goes on.
  (void)write_patiently(fd_, text);
}

Sink::Flow FdSink::flow() const {
  if (!waiting_ || waiting_->bytes() < kMuch) return Flow::Free;
  return waiting_->standstill() < kStandstill ? Flow::Slow : Flow::Blocked;
}

bool FdSink::offer(std::string_view text) {
  if (waiting_ && waiting_->bytes() >= kTooMuch) return false;
  write(text);
  return true;
}

void FdSink::write_in_background(FdSink& one, FdSink& other) {
  one.waiting_ = std::make_shared<WaitingText>();
  other.waiting_ = are_same_file(one.fd_, other.fd_) ? one.waiting_ : std::make_shared<WaitingText>();
}

void FdSink::await_written(const std::function<bool(Millis)>& enough) {
  if (!waiting_) return;
  while (!waiting_->await_none_for(kLook))
    if (enough(waiting_->standstill())) return;
}

}  // namespace rollctl
