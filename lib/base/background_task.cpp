// SPDX-License-Identifier: MIT
#include "base/background_task.h"

#include <sched.h>

#include <optional>

namespace rollctl {

namespace {

struct Start {
  std::function<void()> work;
  std::optional<cpu_set_t> processors;  // of the creator, if the thread got fewer
};

void* begin(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  if (start->processors) (void)::sched_setaffinity(0, sizeof *start->processors, &*start->processors);
  start->work();
  return nullptr;
}

// `all` without the current processor; nothing if that is the only one.
std::optional<cpu_set_t> others_of(const cpu_set_t& all) {
  cpu_set_t others = all;
  const int here = ::sched_getcpu();
  if (here < 0 || here >= CPU_SETSIZE) return std::nullopt;
  CPU_CLR(here, &others);
  if (CPU_COUNT(&others) == 0) return std::nullopt;
  return others;
}

}  // namespace

BackgroundThread::BackgroundThread(std::function<void()> work) {
  auto start = std::make_unique<Start>(Start{std::move(work), {}});
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return;
  cpu_set_t all;
  if (::sched_getaffinity(0, sizeof all, &all) == 0)
    if (const auto others = others_of(all))
      if (::pthread_attr_setaffinity_np(&attributes, sizeof *others, &*others) == 0) start->processors = all;
  Start* const passed = start.release();
  runs_ = ::pthread_create(&thread_, &attributes, begin, passed) == 0;
  if (!runs_) start.reset(passed);
  ::pthread_attr_destroy(&attributes);
}

void BackgroundThread::join() {
  if (std::exchange(runs_, false)) ::pthread_join(thread_, nullptr);
}

}  // namespace rollctl
