// SPDX-License-Identifier: MIT
// As kill_test, while a canary or a standby stands, or is about to: whoever is killed, the steering stays
// valid.
#include "faults/kill_fixture.h"

namespace rollctl::test {
namespace {

class CanaryKillTest : public KillTest {
 protected:
  // "second" alone, or with a canary of "third" beside it.
  void no_canary() {
    if (app_->status()["deploy"].is_object()) must({"abort", "web"});
    if (app_->status()["release"] != "second") must({"deploy", "web", "second"});
  }
  void canary() {
    no_canary();
    must({"deploy", "web", "third", "--canary", "30%"});
  }
};

TEST_F(CanaryKillTest, ACanaryStandsOrIsUndone) {
  kill_everywhere(
      [](size_t nth) {
        return std::vector<std::string>{"deploy", "web", fmt::format("v{}", nth), "--canary", "30%"};
      },
      [&] { no_canary(); });
}

TEST_F(CanaryKillTest, APromotionIsFinishedOrUndone) {
  meant_ = "third";
  kill_everywhere([](size_t) { return std::vector<std::string>{"promote", "web"}; }, [&] { canary(); });
}

TEST_F(CanaryKillTest, AnAbortIsFinished) {
  meant_ = "second";
  kill_everywhere([](size_t) { return std::vector<std::string>{"abort", "web"}; }, [&] { canary(); });
}

TEST_F(CanaryKillTest, AHoldStandsOrIsUndone) {
  kill_everywhere(
      [](size_t nth) {
        return std::vector<std::string>{"deploy", "web", fmt::format("v{}", nth), "--hold", "10m"};
      },
      [] {});
}

TEST_F(CanaryKillTest, ARollbackFromStandbyIsFinishedOrUndone) {
  kill_everywhere([](size_t) { return std::vector<std::string>{"rollback", "web"}; },
                  [&] {
                    if (app_->status()["release"] != "first") must({"deploy", "web", "first"});
                    must({"deploy", "web", "second", "--hold", "10m"});
                  });
}

}  // namespace
}  // namespace rollctl::test
