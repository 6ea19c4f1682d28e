// SPDX-License-Identifier: MIT
#include "ui/history_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/ui/screen.h"

namespace rollctl {
namespace {

using test::kNow;
using test::pipe_output;
using test::screen;

Change change(AppCommand command, const char* release, int64_t generation, int minutes_ago) {
  Change change;
  change.command = command;
  change.release = release;
  change.generation = generation;
  change.started = kNow - std::chrono::minutes(minutes_ago);
  change.outcome = Outcome::Deployed;
  change.duration = Millis(412);
  return change;
}

History sample_history() {
  History history;
  history.changes = {change(AppCommand::Deploy, "v1", 1, 50), change(AppCommand::Deploy, "v2", 2, 40),
                     change(AppCommand::Rollback, "v1", 3, 30), change(AppCommand::Deploy, "v3", 4, 20)};
  history.changes[1].outcome = Outcome::RolledBack;
  history.changes[1].reason = "instance 3: exited with 3";
  history.changes[1].note = "CHG-7";
  history.changes[2].connections_cut = 2;
  history.changes[2].remaining = {5};
  history.changes[0].user = "alice";
  history.changes[0].via = "pts/3";
  history.changes[3].outcome.reset();
  return history;
}

std::string shown(size_t limit, const Terminal& terminal, const GenerationSpecs& specs = {}) {
  return render(history_lines(sample_history(), limit, specs, kNow, terminal), terminal);
}

GenerationSpecs sample_specs() {
  GenerationSpec spec{"web", "v3", 4, {}};
  spec.config.command = {"/srv/v3/web", "--listen", "{listen}"};
  spec.config.workdir = "/srv/v3";
  return {{4, spec}};
}

TEST(HistoryViewTest, ShowsTheNewestFirst) {
  EXPECT_EQ(shown(10, pipe_output()),
            "GEN  WHEN        COMMAND   RELEASE  OUTCOME        TOOK       CUT  WHO            NOTE\n"
            "  4  20 min ago  deploy    v3       unfinished\n"
            "  3  30 min ago  rollback  v1       done         412 ms  2 so far\n"
            "  2  40 min ago  deploy    v2       rolled back  412 ms         0                 instance 3: "
            "exited with "
            "3 (CHG-7)\n"
            "  1  50 min ago  deploy    v1       deployed     412 ms         0  alice (pts/3)\n");
}

TEST(HistoryViewTest, ShowsNoMoreThanAsked) {
  EXPECT_EQ(shown(1, pipe_output()),
            "GEN  WHEN        COMMAND  RELEASE  OUTCOME\n"
            "  4  20 min ago  deploy   v3       unfinished\n");
  EXPECT_EQ(shown(0, pipe_output()), "");
}

TEST(HistoryViewTest, FitsANarrowTerminal) {
  EXPECT_EQ(shown(3, screen(60)),
            "GEN  WHEN        COMMAND   RELEASE  OUTCOME           CUT\n"
            "  4  20 min ago  deploy    v3       unfinished\n"
            "  3  30 min ago  rollback  v1       done         2 so far\n"
            "  2  40 min ago  deploy    v2       rolled back         0\n");
}

TEST(HistoryViewTest, ShowsWhatAGenerationRuns) {
  EXPECT_EQ(shown(2, pipe_output(), sample_specs()),
            "GEN  WHEN        COMMAND   RELEASE  OUTCOME       TOOK       CUT  RUNS\n"
            "  4  20 min ago  deploy    v3       unfinished                    "
            "/srv/v3/web --listen {listen} (in /srv/v3)\n"
            "  3  30 min ago  rollback  v1       done        412 ms  2 so far\n");
  const auto changes = history_json(sample_history(), "web", 2, sample_specs())["changes"];
  EXPECT_EQ(changes[0]["runs"],
            (nlohmann::json{{"command", {"/srv/v3/web", "--listen", "{listen}"}}, {"workdir", "/srv/v3"}}));
  EXPECT_EQ(changes[1]["runs"], nullptr);
}

}  // namespace
}  // namespace rollctl
