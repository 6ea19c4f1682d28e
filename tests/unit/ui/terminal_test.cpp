// SPDX-License-Identifier: MIT
#include "ui/terminal.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>

#include <map>
#include <string>

#include "base/fd.h"

namespace rollctl {
namespace {

using Variables = std::map<std::string, std::string>;

Terminal detect(int fd, const Variables& variables, ColorWish wish = ColorWish::Auto) {
  return Terminal::detect(
      fd,
      [&](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found != variables.end() ? found->second.c_str() : nullptr;
      },
      wish);
}

class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    int outer = -1;
    int inner = -1;
    winsize window{};
    window.ws_col = 61;
    window.ws_row = 17;
    ASSERT_EQ(openpty(&outer, &inner, nullptr, nullptr, &window), 0);
    outer_ = Fd(outer);
    inner_ = Fd(inner);
  }
  Fd outer_, inner_;
};

TEST_F(TerminalTest, MovesAndHasColours) {
  const Terminal terminal = detect(inner_.get(), {{"TERM", "xterm"}});
  EXPECT_EQ(terminal.motion, Terminal::Motion::InPlace);
  EXPECT_EQ(terminal.colors, Terminal::Colors::On);
}

TEST_F(TerminalTest, IsAskedForItsSizeEachTime) {
  const Terminal terminal = detect(inner_.get(), {{"TERM", "xterm"}});
  EXPECT_EQ(terminal.size(), (Terminal::Size{61, 17}));
  winsize window{};
  window.ws_col = 40;
  window.ws_row = 9;
  ASSERT_EQ(ioctl(inner_.get(), TIOCSWINSZ, &window), 0);
  EXPECT_EQ(terminal.size(), (Terminal::Size{40, 9}));
}

TEST_F(TerminalTest, IsTakenForOrdinaryWhenItDoesNotKnowItsSize) {
  const winsize window{};
  ASSERT_EQ(ioctl(inner_.get(), TIOCSWINSZ, &window), 0);
  EXPECT_EQ(detect(inner_.get(), {{"TERM", "xterm"}}).size(), (Terminal::Size{80, 24}));
}

TEST_F(TerminalTest, HasNoColoursWhenNoColorIsSet) {
  const Terminal terminal = detect(inner_.get(), {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  EXPECT_EQ(terminal.motion, Terminal::Motion::InPlace);
  EXPECT_EQ(terminal.colors, Terminal::Colors::Off);
}

TEST_F(TerminalTest, HasColoursWhenNoColorIsEmpty) {
  EXPECT_EQ(detect(inner_.get(), {{"TERM", "xterm"}, {"NO_COLOR", ""}}).colors, Terminal::Colors::On);
}

TEST_F(TerminalTest, HasNoColoursWhenAskedForNone) {
  EXPECT_EQ(detect(inner_.get(), {{"TERM", "xterm"}}, ColorWish::Never).colors, Terminal::Colors::Off);
}

TEST_F(TerminalTest, ThatIsDumbOnlyHasASize) {
  for (const Variables& variables : {Variables{{"TERM", "dumb"}}, Variables{}}) {
    const Terminal terminal = detect(inner_.get(), variables);
    EXPECT_EQ(terminal.motion, Terminal::Motion::None);
    EXPECT_EQ(terminal.colors, Terminal::Colors::Off);
    EXPECT_EQ(terminal.size().columns, 61u);
  }
}

TEST_F(TerminalTest, IsNoPipe) {
  const auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  const Terminal terminal = detect(pipe->write.get(), {{"TERM", "xterm"}});
  EXPECT_EQ(terminal.motion, Terminal::Motion::None);
  EXPECT_EQ(terminal.colors, Terminal::Colors::Off);
  EXPECT_EQ(terminal.size().columns, kNoLimit);
}

TEST(TerminalCharsetTest, FollowsTheFirstVariableThatSaysSomething) {
  EXPECT_EQ(detect(-1, {{"LANG", "en_GB.UTF-8"}}).charset, Charset::Utf8);
  EXPECT_EQ(detect(-1, {{"LC_ALL", ""}, {"LC_CTYPE", "C.utf8"}}).charset, Charset::Utf8);
  EXPECT_EQ(detect(-1, {{"LC_ALL", "C"}, {"LANG", "en_GB.UTF-8"}}).charset, Charset::Ascii);
  EXPECT_EQ(detect(-1, {}).charset, Charset::Ascii);
}

}  // namespace
}  // namespace rollctl
