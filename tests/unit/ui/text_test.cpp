// SPDX-License-Identifier: MIT
#include "ui/text.h"

#include <gtest/gtest.h>

namespace rollctl {
namespace {

TEST(VisibleTextTest, KeepsWhatCanBeShown) {
  EXPECT_EQ(make_visible("ready (v2)", Charset::Ascii), "ready (v2)");
  EXPECT_EQ(make_visible("größer → 日本", Charset::Utf8), "größer → 日本");
}

TEST(VisibleTextTest, LetsNoControlCharacterThrough) {
  EXPECT_EQ(make_visible("\x1b[31mred\x1b[0m", Charset::Utf8), "^[[31mred^[[0m");
  EXPECT_EQ(make_visible("a\rb\nc\x7f" + std::string(1, '\0'), Charset::Utf8), "a^Mb^Jc^?^@");
  EXPECT_EQ(make_visible("one\ttwo", Charset::Utf8), "one    two");
  EXPECT_EQ(make_visible("\xc2\x9b"
                         "31m",
                         Charset::Utf8),
            "<U+009B>31m");
}

TEST(VisibleTextTest, LetsNothingTurnTheReadingDirection) {
  EXPECT_EQ(make_visible("a\u202eb\u2066c", Charset::Utf8), "a<U+202E>b<U+2066>c");
}

TEST(VisibleTextTest, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(make_visible("a\xff\xc3", Charset::Utf8), "a\\xff\\xc3");
  EXPECT_EQ(make_visible("\xc0\xaf\xed\xa0\x80", Charset::Utf8), "\\xc0\\xaf\\xed\\xa0\\x80");
}

TEST(VisibleTextTest, ShowsOnlyAsciiWhereTheLocaleHasNothingElse) {
  EXPECT_EQ(make_visible("é→", Charset::Ascii), "\\xc3\\xa9\\xe2\\x86\\x92");
}

TEST(VisibleTextTest, LeavesVisibleTextAsItIs) {
  const std::string once = make_visible("\x1b\xff\u202e\t é", Charset::Utf8);
  EXPECT_EQ(make_visible(once, Charset::Utf8), once);
}

TEST(VisibleTextTest, CountsColumnsAndNotBytes) {
  EXPECT_EQ(display_width("größe", Charset::Utf8), 5u);
  EXPECT_EQ(display_width("日本", Charset::Utf8), 4u);
  EXPECT_EQ(display_width("e\u0301", Charset::Utf8), 1u);
  EXPECT_EQ(display_width("\x1b", Charset::Utf8), 2u);
}

TEST(CutTextTest, LeavesWhatFits) {
  EXPECT_EQ(cut_to_width("12345", 5, Charset::Ascii), "12345");
  EXPECT_EQ(cut_to_width("", 0, Charset::Ascii), "");
  EXPECT_EQ(cut_to_width("日本", 4, Charset::Utf8), "日本");
}

TEST(CutTextTest, MarksWhereItCut) {
  EXPECT_EQ(cut_to_width("123456", 5, Charset::Ascii), "12...");
  EXPECT_EQ(cut_to_width("123456", 5, Charset::Utf8), "1234…");
}

TEST(CutTextTest, NeverCutsACharacterInTwo) {
  EXPECT_EQ(cut_to_width("日本語", 4, Charset::Utf8), "日…");
  EXPECT_EQ(cut_to_width("\x1b\x1b\x1b", 4, Charset::Utf8), "^[…");
}

TEST(CutTextTest, LeavesTheMarkOutWhereThereIsNoRoomForIt) {
  EXPECT_EQ(cut_to_width("123456", 2, Charset::Ascii), "12");
  EXPECT_EQ(cut_to_width("123456", 0, Charset::Utf8), "");
}

}  // namespace
}  // namespace rollctl
