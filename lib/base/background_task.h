// SPDX-License-Identifier: MIT
#pragma once

#include <pthread.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <utility>

namespace rollctl {

// A thread that starts on another processor than its creator, if there is one. Some kernels pack threads onto
// few processors to let the others sleep; the thread would then wait for its creator's processor. Once
// started, it and its children may run on all processors of its creator. The destructor joins it.
class BackgroundThread {
 public:
  BackgroundThread() = default;
  // If no thread can be created, operator bool() is false.
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

// Runs `work` in such a thread and keeps its result.
template <typename T>
class BackgroundTask {
 public:
  BackgroundTask() = default;  // nothing to do
  explicit BackgroundTask(std::function<T()> work)
      : task_(std::make_shared<std::packaged_task<T()>>(std::move(work))),
        result_(task_->get_future()),
        thread_([task = task_] { (*task)(); }) {}

  // Whether get() may still be called.
  [[nodiscard]] bool is_there() const { return result_.valid(); }
  // Whether get() returns without waiting for the thread.
  [[nodiscard]] bool is_done() const {
    return !thread_ || result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  // Call it once. Blocks until the work is done; without a thread it runs the work itself.
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
