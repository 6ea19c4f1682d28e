// SPDX-License-Identifier: MIT
#include "roll-httpd/byte_range.h"

#include <gtest/gtest.h>

namespace roll {
namespace {

TEST(ByteRange, BothEndsAreIncluded) {
  EXPECT_EQ(choose_range("bytes=0-0", 10), RangeChoice(ByteRange{0, 1}));
  EXPECT_EQ(choose_range("bytes=2-5", 10), RangeChoice(ByteRange{2, 4}));
  EXPECT_EQ(choose_range("bytes=0-9", 10), RangeChoice(ByteRange{0, 10}));
}

TEST(ByteRange, AnOpenOrTooLongRangeEndsWithTheFile) {
  EXPECT_EQ(choose_range("bytes=7-", 10), RangeChoice(ByteRange{7, 3}));
  EXPECT_EQ(choose_range("bytes=7-100", 10), RangeChoice(ByteRange{7, 3}));
  EXPECT_EQ(choose_range("bytes=7-99999999999999999999999999", 10), RangeChoice(ByteRange{7, 3}));
}

TEST(ByteRange, ASuffixIsTheLastBytesAndAtMostTheWholeFile) {
  EXPECT_EQ(choose_range("bytes=-3", 10), RangeChoice(ByteRange{7, 3}));
  EXPECT_EQ(choose_range("bytes=-10", 10), RangeChoice(ByteRange{0, 10}));
  EXPECT_EQ(choose_range("bytes=-11", 10), RangeChoice(ByteRange{0, 10}));
}

TEST(ByteRange, ARangeThatHasNoByteIsUnsatisfiable) {
  EXPECT_EQ(choose_range("bytes=10-", 10), RangeChoice(Unsatisfiable{}));
  EXPECT_EQ(choose_range("bytes=10-20", 10), RangeChoice(Unsatisfiable{}));
  EXPECT_EQ(choose_range("bytes=99999999999999999999999999-", 10), RangeChoice(Unsatisfiable{}));
  EXPECT_EQ(choose_range("bytes=-0", 10), RangeChoice(Unsatisfiable{}));
  EXPECT_EQ(choose_range("bytes=0-", 0), RangeChoice(Unsatisfiable{}));
  EXPECT_EQ(choose_range("bytes=-5", 0), RangeChoice(Unsatisfiable{}));
}

TEST(ByteRange, TheUnitHasNoCaseAndSpaceAroundTheRangeIsNothing) {
  EXPECT_EQ(choose_range("Bytes= 2-5 ", 10), RangeChoice(ByteRange{2, 4}));
}

TEST(ByteRange, WhatIsNoSingleByteRangeIsIgnored) {
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5", "bytes=5-2", "bytes=1-2,4-5", "bytes=+1-2",
        "bytes=1--2", "bytes=0x1-2", "lines=1-2", "bytes=1 -2"}) {
    EXPECT_EQ(choose_range(header, 10), RangeChoice(WholeFile{})) << header;
  }
}

}  // namespace
}  // namespace roll
