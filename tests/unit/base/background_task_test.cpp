// SPDX-License-Identifier: MIT
#include "base/background_task.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

namespace rollctl {
namespace {

constexpr uid_t kNobody = 65534;

cpu_set_t processors() {
  cpu_set_t all;
  CPU_ZERO(&all);
  EXPECT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  return all;
}

TEST(BesideTest, TellsWhatCameOfIt) {
  BackgroundTask<std::string> work([] { return std::string("done"); });
  EXPECT_TRUE(work.is_there());
  EXPECT_EQ(work.get(), "done");
  EXPECT_FALSE(work.is_there());
}

TEST(BesideTest, IsNotDoneBeforeTheWorkIs) {
  std::promise<void> go_on;
  BackgroundTask<int> work([&] {
    go_on.get_future().wait();
    return 1;
  });
  EXPECT_FALSE(work.is_done());
  go_on.set_value();
  EXPECT_EQ(work.get(), 1);
}

TEST(BesideTest, IsAwaitedByWhoDestroysIt) {
  bool is_over = false;
  {
    const BackgroundTask<int> work([&] {
      std::this_thread::yield();
      is_over = true;
      return 1;
    });
  }
  EXPECT_TRUE(is_over);
}

TEST(BesideTest, MayBePassedOn) {
  BackgroundTask<int> work;
  EXPECT_FALSE(work.is_there());
  work = BackgroundTask<int>([] { return 7; });
  BackgroundTask<int> passed_on = std::move(work);
  EXPECT_EQ(passed_on.get(), 7);
}

TEST(BesideTest, BeginsOnAnotherProcessorThanItsMakers) {
  const cpu_set_t all = processors();
  if (CPU_COUNT(&all) < 2) GTEST_SKIP() << "there is only one";
  constexpr int kRounds = 20;
  constexpr std::chrono::milliseconds kRest{10};  // kernels pack threads onto CPUs that were idle
  int on_another = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::this_thread::sleep_for(kRest);
    std::atomic<bool> begun = false;
    const int here = ::sched_getcpu();
    BackgroundTask<int> work([&begun] {
      begun = true;
      return ::sched_getcpu();
    });
    while (!begun) {  // busy, so that its own CPU is in use
    }
    if (work.get() != here) ++on_another;
  }
  // Its creator may have moved to another CPU meanwhile.
  EXPECT_GT(on_another, kRounds / 2);
}

TEST(BesideTest, MayRunWhereverItsMakerMay) {
  const cpu_set_t mine = processors();
  const cpu_set_t its = BackgroundTask<cpu_set_t>([] { return processors(); }).get();
  EXPECT_TRUE(CPU_EQUAL(&mine, &its));
}

TEST(BesideTest, BeginsWhereItsMakerRunsIfThatMayRunNowhereElse) {
  std::thread([] {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<size_t>(::sched_getcpu()), &only);
    ASSERT_EQ(::sched_setaffinity(0, sizeof only, &only), 0);
    pid_t thread = 0;
    const cpu_set_t its = BackgroundTask<cpu_set_t>([&thread] {
                            thread = ::gettid();
                            return processors();
                          }).get();
    EXPECT_TRUE(CPU_EQUAL(&only, &its));
    EXPECT_NE(thread, ::gettid());
  }).join();
}

TEST(BesideTest, IsDoneWhenAskedForWhereThereCanBeNoMoreThreads) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_NPROC, &none) != 0 ||
        (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0))
      ::_exit(3);
    BackgroundTask<pid_t> work([] { return ::gettid(); });
    if (!work.is_done()) ::_exit(2);
    ::_exit(work.get() == ::getpid() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "exit status " << WEXITSTATUS(status);
}

}  // namespace
}  // namespace rollctl
