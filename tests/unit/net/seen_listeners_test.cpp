// SPDX-License-Identifier: MIT
#include "net/seen_listeners.h"

#include <gtest/gtest.h>

namespace rollctl {
namespace {

ListenSocket listening(uint32_t inode) {
  ListenSocket socket;
  socket.inode = inode;
  return socket;
}

TEST(SeenListenersTest, TellWhatDidNotListenAtTheLastLook) {
  SeenListeners seen;
  EXPECT_FALSE(seen.any_new({}));
  EXPECT_TRUE(seen.any_new(std::vector{listening(7), listening(5)}));
  EXPECT_FALSE(seen.any_new(std::vector{listening(5), listening(7)}));
  EXPECT_FALSE(seen.any_new(std::vector{listening(7)})) << "one has closed";
  EXPECT_TRUE(seen.any_new(std::vector{listening(7), listening(5)})) << "one like it was opened";
}

}  // namespace
}  // namespace rollctl
