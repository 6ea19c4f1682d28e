// SPDX-License-Identifier: MIT
#include "ui/line.h"

#include <gtest/gtest.h>

#include "unit/ui/screen.h"

namespace rollctl {
namespace {

using test::color_screen;
using test::pipe_output;

const Line kLine{"12  ", Span("serving", Tone::Good), "  ready"};

TEST(LineTest, IsPaintedWhereThereAreColours) {
  EXPECT_EQ(render(kLine, color_screen()), "12  \x1b[32mserving\x1b[0m  ready");
  EXPECT_EQ(render(kLine, pipe_output()), "12  serving  ready");
}

TEST(LineTest, IsCutWithinTheSpanThatHasNoRoom) {
  EXPECT_EQ(render(kLine, pipe_output(), 18), "12  serving  ready");
  EXPECT_EQ(render(kLine, pipe_output(), 17), "12  serving  r...");
  EXPECT_EQ(render(kLine, color_screen(), 9), "12  \x1b[32mserv…\x1b[0m");
}

TEST(LineTest, CutsASpanThatWouldFitWhenTheMarkWouldNot) {
  EXPECT_EQ(render(kLine, pipe_output(), 11), "12  serv...");
  EXPECT_EQ(render(kLine, pipe_output(), 2), "12");
  EXPECT_EQ(render(kLine, pipe_output(), 0), "");
}

TEST(LineTest, IsNeverWiderThanAsked) {
  for (size_t width = 0; width < 25; ++width) {
    EXPECT_LE(display_width(render(kLine, pipe_output(), width), Charset::Ascii), width);
    EXPECT_LE(display_width(render(kLine, pipe_output(Charset::Utf8), width), Charset::Utf8), width);
  }
}

TEST(LineTest, ShowsControlCharactersOfAnySpan) {
  EXPECT_EQ(render({Span("a\x1b[2Jb", Tone::Bad)}, color_screen()), "\x1b[31ma^[[2Jb\x1b[0m");
}

}  // namespace
}  // namespace rollctl
