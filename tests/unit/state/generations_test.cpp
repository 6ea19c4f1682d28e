// SPDX-License-Identifier: MIT
#include "state/generations.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "state/log_tail.h"
#include "support/temp_dir.h"

namespace rollctl {
namespace {

class GenerationsTest : public test::TempDirTest {
 protected:
  GenerationsTest() { paths_.state_dir = dir_; }
  static GenerationSpec spec() {
    GenerationSpec spec;
    spec.app = "web";
    spec.release = "v2";
    spec.generation = 7;
    spec.config.command = {"/srv/web", "--listen", "{listen}"};
    return spec;
  }
  Status keep() {
    auto kept = keep_generation(paths_, spec());
    return kept ? kept->await() : fail(kept.error());
  }
  Paths paths_;
};

TEST_F(GenerationsTest, ComeBackAsTheyWereKept) {
  ASSERT_TRUE(keep());
  const auto again = load_generation(paths_, "web", 7);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_json(*again), to_json(spec()));
}

TEST_F(GenerationsTest, AreForTheirOwnersEyesOnly) {
  ASSERT_TRUE(keep());
  struct stat info{};
  ASSERT_EQ(stat(paths_.generation("web", 7).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(GenerationsTest, ThatAreLostSayWhatToDo) {
  const auto lost = load_generation(paths_, "web", 7);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind, ErrorKind::NotFound);
  EXPECT_NE(lost.error().hint, "");
}

TEST_F(GenerationsTest, ThatAreSpoiltAreRefusedByName) {
  ASSERT_TRUE(keep());
  for (const char* text : {"", "{", "[]", R"({"config":3})"}) {
    std::ofstream(paths_.generation("web", 7), std::ios::trunc) << text;
    const auto spoilt = load_generation(paths_, "web", 7);
    ASSERT_FALSE(spoilt) << text;
    EXPECT_NE(spoilt.error().message.find("7.json"), std::string::npos) << spoilt.error().message;
  }
}

class LogTailTest : public test::TempDirTest {
 protected:
  using Lines = std::vector<std::string>;
  Lines tail(const std::string& text, size_t lines) {
    std::ofstream(path("log"), std::ios::trunc | std::ios::binary) << text;
    return last_lines_of(path("log"), lines);
  }
};

TEST_F(LogTailTest, IsTheLastLinesInOrder) {
  EXPECT_EQ(tail("1\n2\n3\n", 2), (Lines{"2", "3"}));
  EXPECT_EQ(tail("1\n2\n3\n", 9), (Lines{"1", "2", "3"}));
  EXPECT_EQ(tail("1\n\n3", 2), (Lines{"", "3"}));
  EXPECT_EQ(tail("1\n2\n", 0), Lines());
}

TEST_F(LogTailTest, OfNothingIsNothing) {
  EXPECT_EQ(tail("", 2), Lines());
  EXPECT_EQ(last_lines_of(path("none"), 2), Lines());
}

TEST_F(LogTailTest, OfAHugeLogHasNoHalfLine) {
  std::string huge;
  for (int i = 0; i < 100'000; ++i) huge += "line " + std::to_string(i) + "\n";
  const Lines all = tail(huge, 1'000'000);
  EXPECT_EQ(all.back(), "line 99999");
  EXPECT_TRUE(all.front().starts_with("line ")) << all.front();
  EXPECT_LT(all.size(), 100'000u);
}

TEST_F(LogTailTest, SaysHowFarItRead) {
  tail("12345", 1);
  int64_t end = -1;
  last_lines_of(path("log"), 1, &end);
  EXPECT_EQ(end, 5);
  last_lines_of(path("none"), 1, &end);
  EXPECT_EQ(end, 0);
}

}  // namespace
}  // namespace rollctl
