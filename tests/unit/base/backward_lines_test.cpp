// SPDX-License-Identifier: MIT
#include "base/backward_lines.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "base/fd.h"
#include "support/temp_dir.h"

namespace rollctl {
namespace {

using Lines = std::vector<std::string>;

class BackwardLinesTest : public test::TempDirTest {
 protected:
  Lines lines(const std::string& text, off_t begin = 0) {
    std::ofstream(path("file"), std::ios::trunc | std::ios::binary) << text;
    const Fd fd(::open(path("file").c_str(), O_RDONLY | O_CLOEXEC));
    BackwardLines backward(fd.get(), begin, static_cast<off_t>(text.size()));
    Lines all;
    while (const auto line = backward.next()) all.emplace_back(*line);
    return all;
  }
};

TEST_F(BackwardLinesTest, AreTheLastFirst) {
  EXPECT_EQ(lines("1\n2\n3\n"), (Lines{"3", "2", "1"}));
  EXPECT_EQ(lines("1\n\n2"), (Lines{"2", "1"}));
  EXPECT_EQ(lines("1"), Lines{"1"});
  EXPECT_EQ(lines(""), Lines());
  EXPECT_EQ(lines("\n"), Lines());
}

TEST_F(BackwardLinesTest, BeginWhereTheyShall) {
  EXPECT_EQ(lines("1\n2\n3\n", 2), (Lines{"3", "2"}));
  EXPECT_EQ(lines("1\n2\n3\n", 6), Lines());
}

TEST_F(BackwardLinesTest, AreWholeWhereverABlockBegins) {
  for (const size_t length : {1, 100, 65534, 65535, 65536, 65537, 200'000, 1'000'000}) {
    const std::string first(length, 'a');
    const std::string second(length + 1, 'b');
    EXPECT_EQ(lines(first + "\n" + second + "\n"), (Lines{second, first})) << length;
  }
  Lines many;
  std::string text;
  for (int i = 0; i < 50'000; ++i) {
    many.push_back("line " + std::to_string(i));
    text += many.back() + "\n";
  }
  std::reverse(many.begin(), many.end());
  EXPECT_EQ(lines(text), many);
}

TEST_F(BackwardLinesTest, LeaveOutWhatIsTooLongToBeOne) {
  const std::string huge(5'000'000, 'x');
  EXPECT_EQ(lines("1\n" + huge + "\n2\n"), (Lines{"2", "1"}));
  EXPECT_EQ(lines(huge + "\n2\n"), Lines{"2"});
  EXPECT_EQ(lines("1\n" + huge), Lines{"1"});
  EXPECT_EQ(lines(huge), Lines());
}

TEST_F(BackwardLinesTest, SayWhatKeepsThemFromReading) {
  const Fd folder(::open(dir_.c_str(), O_RDONLY | O_CLOEXEC));
  BackwardLines backward(folder.get(), 0, 100);
  EXPECT_FALSE(backward.next());
  EXPECT_EQ(backward.os_error(), EISDIR);
}

}  // namespace
}  // namespace rollctl
