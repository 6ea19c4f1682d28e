// SPDX-License-Identifier: MIT
#include "ui/line_printer.h"

#include <gtest/gtest.h>

#include "unit/ui/screen.h"

namespace rollctl {
namespace {

using test::pipe_output;
using test::screen;
using test::StringSink;

class LinePrinterTest : public testing::Test {
 protected:
  StringSink sink_;
};

TEST_F(LinePrinterTest, WritesItsRegionOver) {
  const Terminal terminal = screen(40);
  LinePrinter printer(sink_, terminal);
  printer.show({{"one"}, {"two"}});
  EXPECT_EQ(sink_.take(), "one\x1b[K\ntwo\x1b[K\n");
  printer.show({{"one"}, {"three"}});
  EXPECT_EQ(sink_.take(), "\x1b[2Aone\x1b[K\nthree\x1b[K\n");
  EXPECT_EQ(sink_.writes, 2);
}

TEST_F(LinePrinterTest, WritesNothingWhenNothingChanged) {
  const Terminal terminal = screen(40);
  LinePrinter printer(sink_, terminal);
  printer.show({{"one"}});
  printer.show({{"one"}});
  EXPECT_EQ(sink_.take(), "one\x1b[K\n");
}

TEST_F(LinePrinterTest, ClearsWhatARegionNoLongerHas) {
  const Terminal terminal = screen(40);
  LinePrinter printer(sink_, terminal);
  printer.show({{"one"}, {"two"}});
  sink_.take();
  printer.show({{"one"}});
  EXPECT_EQ(sink_.take(), "\x1b[2Aone\x1b[K\n\x1b[J");
  printer.show({});
  EXPECT_EQ(sink_.take(), "\x1b[1A\x1b[J");
}

TEST_F(LinePrinterTest, PutsLastingLinesAboveTheRegionInOneWrite) {
  const Terminal terminal = screen(8);
  LinePrinter printer(sink_, terminal);
  printer.show({{"one"}});
  sink_.take();
  printer.print({"longer than the screen"});
  EXPECT_EQ(sink_.take(), "\x1b[1A\x1b[Jlonger than the screen\none\x1b[K\n");
  EXPECT_EQ(sink_.writes, 2);
}

TEST_F(LinePrinterTest, CutsTheRegionToANarrowTerminal) {
  const Terminal terminal = screen(10);
  LinePrinter printer(sink_, terminal);
  printer.show({{"123456789"}, {"1234567890"}});
  EXPECT_EQ(sink_.take(), "123456789\x1b[K\n123456...\x1b[K\n");
}

TEST_F(LinePrinterTest, NeverMakesARegionThatScrolls) {
  const Terminal terminal = screen(40, 4);
  LinePrinter printer(sink_, terminal);
  printer.show({{"1"}, {"2"}, {"3"}});
  EXPECT_EQ(sink_.take(), "1\x1b[K\n2\x1b[K\n3\x1b[K\n");
  printer.show({{"1"}, {"2"}, {"3"}, {"4"}, {"5"}});
  EXPECT_EQ(sink_.take(), "\x1b[3A1\x1b[K\n2\x1b[K\n  ... 3 more\x1b[K\n");
}

TEST_F(LinePrinterTest, DrawsNoRegionWhileTheOutputIsFullAndTheLastOneAfterwards) {
  const Terminal terminal = screen(40);
  LinePrinter printer(sink_, terminal);
  printer.show({{"one"}});
  sink_.take();
  sink_.now = Sink::Flow::Slow;
  printer.show({{"two"}});
  printer.show({{"three"}, {"four"}});
  EXPECT_EQ(sink_.take(), "");
  printer.print(Line{"stays"});
  EXPECT_EQ(sink_.take(), "\x1b[1A\x1b[Jstays\nthree\x1b[K\nfour\x1b[K\n");
  printer.show({{"five"}});
  printer.release();
  EXPECT_EQ(sink_.take(), "\x1b[2Afive\x1b[K\n\x1b[J");
}

TEST_F(LinePrinterTest, KeepsItsRegionInMindWhenALineIsLeftOut) {
  const Terminal terminal = screen(40);
  LinePrinter printer(sink_, terminal);
  printer.show({{"one"}});
  sink_.take();
  sink_.now = Sink::Flow::Blocked;
  printer.show({{"two"}, {"three"}});
  EXPECT_FALSE(printer.offer({"left out"}));
  sink_.now = Sink::Flow::Free;
  EXPECT_TRUE(printer.offer({"taken"}));
  EXPECT_EQ(sink_.take(), "\x1b[1A\x1b[Jtaken\ntwo\x1b[K\nthree\x1b[K\n");
}

TEST_F(LinePrinterTest, SurvivesATerminalOfNoSize) {
  const Terminal terminal = screen(1, 1);
  LinePrinter printer(sink_, terminal);
  printer.show({{"one"}, {"two"}});
  EXPECT_EQ(sink_.take(), " \x1b[K\n");
}

TEST_F(LinePrinterTest, LeavesAReleasedRegionAlone) {
  const Terminal terminal = screen(40);
  LinePrinter printer(sink_, terminal);
  printer.show({{"one"}});
  printer.release();
  sink_.take();
  printer.print({"done"});
  printer.show({{"one"}});
  EXPECT_EQ(sink_.take(), "done\none\x1b[K\n");
}

TEST_F(LinePrinterTest, HasNoRegionInAPipe) {
  const Terminal terminal = pipe_output();
  LinePrinter printer(sink_, terminal);
  printer.show({{"one"}});
  printer.print({"lasting"});
  printer.show({{"two"}});
  EXPECT_EQ(sink_.take(), "lasting\n");
}

}  // namespace
}  // namespace rollctl
