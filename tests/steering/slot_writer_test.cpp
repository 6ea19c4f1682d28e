// SPDX-License-Identifier: MIT
#include "bpf/slot_writer.h"

#include <gtest/gtest.h>

#include "bpf/slot_counters.h"
#include "bpf/steer_program.h"
#include "steering/steering_fixture.h"

namespace rollctl::test {
namespace {

class SlotWriterTest : public EbpfSteeringTest {
 protected:
  SteeringHandle handle_of(InstanceId instance) {
    auto handles = steering_->share(instance);
    EXPECT_TRUE(handles);
    EXPECT_EQ(handles->size(), 1U);
    return std::move(handles->front());
  }
};

TEST_F(SlotWriterTest, ASlotThatNobodyHadHasCountedNothing) {
  const auto maps = load_steer_program();
  ASSERT_TRUE(maps) << maps.error().message;
  const std::vector<uint32_t> slots{7};
  const auto none = read_slot_counters(maps->counters.get(), slots);
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_EQ(*none, SteeringCounters());
  begin_slot_counters(maps->counters.get(), 7);
  const auto begun = read_slot_counters(maps->counters.get(), slots);
  ASSERT_TRUE(begun) << begun.error().message;
  EXPECT_EQ(*begun, SteeringCounters());
}

TEST_F(SlotWriterTest, BringsARestartedServerBackWithNoRollctlAround) {
  Fd first = listen_on(kAny);
  Fd second = listen_on(kAny);
  add(1, {&first, &second});
  shift({{1, 1.0}});
  const SteeringHandle handle = handle_of(1);
  steering_.reset();
  close_listener(first);
  close_listener(second);
  const Fd restarted = listen_on(kAny);
  ASSERT_TRUE(connect_to(kLocal)) << "the group died with its last listener, and the program with it";
  EXPECT_EQ(accept_all(restarted), 1);

  const auto writing = put_into_slots(handle, 1, duplicates({&restarted}));
  ASSERT_TRUE(writing) << writing.error().message;
  EXPECT_EQ(writing->placed, 1U);
  EXPECT_EQ(writing->waiting, 0U);
  connect_times(100, kLocal);
  EXPECT_EQ(accept_all(restarted), 100);

  const auto again = put_into_slots(handle, 1, duplicates({&restarted}));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->placed, 1U) << "what stands there already counts";

  const Fd gated = listen_on(kAny);
  connect_times(100, kLocal);
  EXPECT_EQ(accept_all(gated), 0) << "the program was attached again";
}

TEST_F(SlotWriterTest, TellsHowManySlotsAreFilled) {
  Fd first = listen_on(kAny);
  const Fd second = listen_on(kAny);
  const Fd other = listen_on(kAny);
  add(1, {&first, &second});
  add(2, {&other});
  shift({{1, 1.0}, {2, 1.0}});
  const SteeringHandle handle = handle_of(1);
  EXPECT_EQ(look_at_slots(handle, 1).value(), (SlotUse{2, 2}));
  close_listener(first);
  EXPECT_EQ(look_at_slots(handle, 1).value(), (SlotUse{2, 1}));
  EXPECT_EQ(look_at_slots(handle, 2).value(), SlotUse()) << "the handle is of instance 1";
  const Fd anew = listen_on(kAny);
  ASSERT_TRUE(put_into_slots(handle, 1, duplicates({&second, &anew})));
  EXPECT_TRUE(look_at_slots(handle, 1).value().is_full());
}

TEST_F(SlotWriterTest, FillsOnlyTheSlotsOfItsInstance) {
  Fd listener = listen_on(kAny);
  const Fd other = listen_on(kAny);
  add(1, {&listener});
  add(2, {&other});
  shift({{1, 1.0}, {2, 1.0}});
  const SteeringHandle handle = handle_of(1);
  close_listener(listener);
  const Fd more[] = {listen_on(kAny), listen_on(kAny), listen_on(v4("127.0.0.1", 9999))};
  const auto writing = put_into_slots(handle, 1, duplicates({&more[0], &more[1], &more[2]}));
  ASSERT_TRUE(writing) << writing.error().message;
  EXPECT_EQ(writing->placed, 1U);
  EXPECT_EQ(writing->without_slot, 1U) << "the third is of another address";
  const auto stranger = put_into_slots(handle, 2, duplicates({&more[1]}));
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().kind, ErrorKind::NotFound);
}

TEST_F(SlotWriterTest, FindsNoSlotOnceTheSteeringHasEnded) {
  const Fd listener = listen_on(kAny);
  add(1, {&listener});
  shift({{1, 1.0}});
  const SteeringHandle handle = handle_of(1);
  ASSERT_TRUE(steering_->detach());
  const auto writing = put_into_slots(handle, 1, duplicates({&listener}));
  ASSERT_FALSE(writing);
  EXPECT_EQ(writing.error().kind, ErrorKind::NotFound);
}

TEST_F(SlotWriterTest, SaysThatAListenerIsStillInAnotherSteering) {
  const Fd first = listen_on(kAny);
  Fd second = listen_on(kAny);
  add(1, {&first});
  add(2, {&second});
  shift({{1, 1.0}, {2, 1.0}});
  const SteeringHandle handle = handle_of(2);
  close_listener(second);
  const auto writing = put_into_slots(handle, 2, duplicates({&first}));
  ASSERT_TRUE(writing) << writing.error().message;
  EXPECT_EQ(writing->waiting, 1U);
  EXPECT_EQ(writing->placed, 0U);
}

}  // namespace
}  // namespace rollctl::test
