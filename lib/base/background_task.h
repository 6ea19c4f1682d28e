// SPDX-License-Identifier: MIT
#pragma once

#include <pthread.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <utility>

namespace rollctl {

// A thread that begins on another processor than its maker's, if it may use one. A kernel that packs what
// runs onto few processors, so that the others sleep, starts a thread where its maker runs: it would do its
// work after its maker's and not beside it. Then it may run wherever its maker may, and so may its children.
// Joined when destroyed.
class BackgroundThread {
 public:
  BackgroundThread() = default;
  // Where there can be no more threads, there is none.
  explicit BackgroundThread(std::function<void()> work);
  BackgroundThread(BackgroundThread&& other) noexcept
      : thread_(other.thread_), runs_(std::exchange(other.runs_, false)) {}
  BackgroundThread& operator=(BackgroundThread&& other) noexcept {
    join();
    thread_ = other.thread_;
    runs_ = std::exchange(other.runs_, false);
    return *this;
  }
  ~BackgroundThread() { join(); }

  void join();
  explicit operator bool() const { return runs_; }

 private:
  pthread_t thread_{};
  bool runs_ = false;
};

// Work that such a thread does while its owner does something else, and what comes of it.
template <typename T>
class BackgroundTask {
 public:
  BackgroundTask() = default;  // nothing to do
  explicit BackgroundTask(std::function<T()> work)
      : task_(std::make_shared<std::packaged_task<T()>>(std::move(work))),
        result_(task_->get_future()),
        thread_([task = task_] { (*task)(); }) {}

  // Until get() was called.
  [[nodiscard]] bool is_there() const { return result_.valid(); }
  // Whether get() does not wait for the thread.
  [[nodiscard]] bool is_done() const {
    return !thread_ || result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  // Once. Blocks; where there can be no more threads, it is now that the work is done.
  T get() {
    if (!thread_) (*task_)();
    T result = result_.get();
    thread_.join();
    return result;
  }

 private:
  std::shared_ptr<std::packaged_task<T()>> task_;
  std::future<T> result_;
  BackgroundThread thread_;
};

}  // namespace rollctl
