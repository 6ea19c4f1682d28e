// SPDX-License-Identifier: MIT
#include "ui/fd_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <string>
#include <thread>

#include "base/fd.h"

namespace rollctl {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

const auto kNever = [](Millis) { return false; };
const auto kAtOnce = [](Millis) { return true; };

class FdSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    pipe_ = std::move(*pipe);
    sink_.emplace(pipe_.write.get());
    other_.emplace(pipe_.write.get());
  }
  void write_in_background() { FdSink::write_in_background(*sink_, *other_); }
  // Reads the pipe to EOF while the sinks write.
  std::string read_all_written() {
    std::string text;
    std::thread reader([&] { text = read_all(pipe_.read.get(), 64 * kMiB).value_or("unreadable"); });
    sink_->await_written(kNever);
    other_->await_written(kNever);
    pipe_.write.reset();
    reader.join();
    return text;
  }

  Pipe pipe_;
  std::optional<FdSink> sink_, other_;
};

TEST_F(FdSinkTest, WritesAtOnceAtFirst) {
  sink_->write("one\n");
  pipe_.write.reset();
  EXPECT_EQ(read_all(pipe_.read.get(), 100).value(), "one\n");
}

TEST_F(FdSinkTest, WaitsForNobodyAndLosesNothing) {
  write_in_background();
  std::string all;
  for (int i = 0; i < 20'000; ++i) {
    const std::string line =
        "line " + std::to_string(i) + std::string(static_cast<size_t>(i % 300), '.') + "\n";
    all += line;
    (i % 3 == 0 ? *sink_ : *other_).write(line);
  }
  ASSERT_GT(all.size(), 2 * kMiB);
  EXPECT_EQ(read_all_written(), all) << "in this order";
}

TEST_F(FdSinkTest, WritesALineThatIsLongerThanAPipeTakes) {
  write_in_background();
  const std::string line = std::string(3 * kMiB, 'x') + "\n";
  sink_->write(line);
  EXPECT_EQ(read_all_written(), line);
}

TEST_F(FdSinkTest, IsFreeUntilMuchWaits) {
  write_in_background();
  EXPECT_EQ(sink_->flow(), Sink::Flow::Free);
  sink_->write("one\n");
  EXPECT_EQ(sink_->flow(), Sink::Flow::Free);
  sink_->write(std::string(kMiB, '.'));
  EXPECT_EQ(sink_->flow(), Sink::Flow::Slow);
  EXPECT_EQ(other_->flow(), Sink::Flow::Slow) << "the same file";
  // After the pipe is full, nothing more is written.
  sink_->await_written([&](Millis) { return sink_->flow() == Sink::Flow::Blocked; });
  EXPECT_EQ(sink_->flow(), Sink::Flow::Blocked);
  EXPECT_EQ(read_all_written().size(), 4 + kMiB);
  EXPECT_EQ(sink_->flow(), Sink::Flow::Free);
}

TEST_F(FdSinkTest, LeavesOutOnlyWhatMayBeAndOnlyWhenTooMuchWaits) {
  write_in_background();
  size_t taken = 0;
  const std::string some(kMiB, '.');
  while (sink_->offer(some)) ++taken;
  EXPECT_GE(taken, 8u);
  EXPECT_LE(taken, 10u);
  sink_->write("the end");
  const std::string text = read_all_written();
  EXPECT_EQ(text.size(), taken * kMiB + 7);
  EXPECT_TRUE(text.ends_with("the end"));
}

TEST_F(FdSinkTest, IsNotWaitedForLongerThanIsEnough) {
  write_in_background();
  sink_->write(std::string(kMiB, '.'));
  sink_->await_written(kAtOnce);
  EXPECT_NE(sink_->flow(), Sink::Flow::Free);
  pipe_.read.reset();
  sink_->await_written(kNever);
}

TEST_F(FdSinkTest, SwallowsWhatIsWrittenToNobody) {
  write_in_background();
  pipe_.read.reset();
  for (int i = 0; i < 100; ++i) sink_->write(std::string(kMiB / 10, '.'));
  sink_->await_written(kNever);
  EXPECT_EQ(sink_->flow(), Sink::Flow::Free);
}

TEST_F(FdSinkTest, WaitsForADescriptorThatOthersMadeNonBlocking) {
  const std::string text(kMiB, 'n');
  ASSERT_TRUE(set_nonblocking(pipe_.write.get()));
  std::string got;
  std::thread reader([&] { got = read_all(pipe_.read.get(), 64 * kMiB).value_or("unreadable"); });
  sink_->write(text);
  write_in_background();
  sink_->write(text);
  sink_->await_written(kNever);
  pipe_.write.reset();
  reader.join();
  EXPECT_EQ(got, text + text);
}

TEST_F(FdSinkTest, LeavesTheOpenFileAsItIs) {
  write_in_background();
  sink_->write(std::string(kMiB, '.'));
  EXPECT_EQ(::fcntl(pipe_.write.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(read_all_written().size(), kMiB);
}

TEST(FdSinkOfTwoFilesTest, OneThatIsBlockedDoesNotHoldTheOther) {
  int blocked[2];
  int free[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, blocked), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, free), 0);
  const Fd ends[] = {Fd(blocked[0]), Fd(free[0]), Fd(free[1])};
  Fd reader(blocked[1]);
  FdSink out(blocked[0]);
  FdSink err(free[0]);
  FdSink::write_in_background(out, err);
  out.write(std::string(8 * kMiB, '.'));
  err.write("progress\n");
  char text[9] = {};
  EXPECT_EQ(::recv(free[1], text, sizeof text, MSG_WAITALL), 9);
  EXPECT_EQ(std::string(text, 9), "progress\n");
  EXPECT_NE(out.flow(), Sink::Flow::Free);
  std::signal(SIGPIPE, SIG_IGN);
  reader.reset();
  out.await_written(kNever);
}

}  // namespace
}  // namespace rollctl
