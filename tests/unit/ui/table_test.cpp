// SPDX-License-Identifier: MIT
#include "ui/table.h"

#include <gtest/gtest.h>

#include "unit/ui/screen.h"

namespace rollctl {
namespace {

using enum Table::Align;
using test::pipe_output;
using test::screen;

Table sample_table() {
  Table table(
      {{"ID", Right, 9}, {"NAME", Left, 8}, {"EMPTY", Left, 7}, {"AGE", Right, 1}, {"NOTE", Left, 5}});
  table.add_row({"7", "web", "", "3 min", "all is well with this one"});
  table.add_row({"12", "größer", "", "1 h", ""});
  return table;
}

std::string shown(const Table& table, const Terminal& terminal) {
  return render(table.lines(terminal), terminal);
}

TEST(TableTest, AlignsColumnsAndLeavesOutEmptyOnes) {
  EXPECT_EQ(shown(sample_table(), pipe_output(Charset::Utf8)),
            "ID  NAME      AGE  NOTE\n"
            " 7  web     3 min  all is well with this one\n"
            "12  größer    1 h\n");
}

TEST(TableTest, IsNothingWithoutRows) {
  EXPECT_TRUE(Table({{"ID", Right, 1}}).lines(pipe_output()).empty());
}

TEST(TableTest, CutsTheLastColumnFirst) {
  EXPECT_EQ(shown(sample_table(), screen(38, 24, Terminal::Colors::Off, Charset::Utf8)),
            "ID  NAME      AGE  NOTE\n"
            " 7  web     3 min  all is well with t…\n"
            "12  größer    1 h\n");
}

TEST(TableTest, LeavesOutTheLeastImportantOfThoseThatDoNotFit) {
  EXPECT_EQ(shown(sample_table(), screen(30, 24, Terminal::Colors::Off, Charset::Utf8)),
            "ID  NAME    NOTE\n"
            " 7  web     all is well with …\n"
            "12  größer\n");
  EXPECT_EQ(shown(sample_table(), screen(20, 24, Terminal::Colors::Off, Charset::Utf8)),
            "ID  NAME      AGE\n"
            " 7  web     3 min\n"
            "12  größer    1 h\n");
}

TEST(TableTest, NeverGetsWiderThanTheTerminal) {
  for (size_t columns = 1; columns < 60; ++columns) {
    for (const Line& line : sample_table().lines(screen(columns)))
      EXPECT_LE(line_width(line, Charset::Ascii), columns);
  }
}

TEST(TableTest, BoundsALongNameOnATerminalOnly) {
  Table table({{"NAME", Left, 2, 8}, {"NOTE", Left, 1}});
  table.add_row({"a-very-long-name", "x"});
  EXPECT_EQ(shown(table, screen(40)), "NAME      NOTE\na-ver...  x\n");
  EXPECT_EQ(shown(table, pipe_output()), "NAME              NOTE\na-very-long-name  x\n");
}

TEST(TableTest, PaintsTheWordAndNotTheSpaceAroundIt) {
  Table table({{"STATE", Left, 1}, {"PID", Right, 1}});
  table.add_row({Span("failed", Tone::Bad), "1"});
  EXPECT_EQ(shown(table, test::color_screen()),
            "\x1b[2mSTATE\x1b[0m   \x1b[2mPID\x1b[0m\n"
            "\x1b[31mfailed\x1b[0m    1\n");
}

}  // namespace
}  // namespace rollctl
