// SPDX-License-Identifier: MIT
#include "state/event.h"

#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "process/event_codec.h"

namespace rollctl {
namespace {

using nlohmann::json;

// The members besides v, time, app, generation and event.
json fields_of(const Event& event) {
  json line = json::parse(event_line(event, "web"), nullptr, false);
  for (const char* frame : {"v", "time", "app", "generation", "event"}) line.erase(frame);
  return line;
}

TEST(EventTest, HasTheFieldsThatTheManualPromises) {
  events::Started started{AppCommand::Deploy, "v2", "v1", 2, Handover::Steer, "CHG-7"};
  EXPECT_EQ(fields_of(events::deploy_started(started)), (json{{"release", "v2"},
                                                              {"from", "v1"},
                                                              {"instances", 2},
                                                              {"handover", "steer"},
                                                              {"command", "deploy"},
                                                              {"note", "CHG-7"}}));
  started.from.reset();
  EXPECT_EQ(fields_of(events::deploy_started(started))["from"], json());
  EXPECT_EQ(fields_of(events::instance_started(12, "v2", 4711)),
            (json{{"id", 12}, {"release", "v2"}, {"pid", 4711}}));
  EXPECT_EQ(fields_of(events::instance_unready(12, "503")), (json{{"id", 12}, {"reason", "503"}}));
  EXPECT_EQ(fields_of(events::traffic_shifted({12}, {9}, {{12, 100.0}})),
            (json{{"in", {12}}, {"out", {9}}, {"weights", {{"12", 100.0}}}}));
  EXPECT_EQ(fields_of(events::instance_settled(9, {Millis(3), 1})),
            (json{{"id", 9}, {"after_ms", 3}, {"left", 1}}));
  EXPECT_EQ(fields_of(events::instance_draining(9, 3, Millis(60'000))),
            (json{{"id", 9}, {"connections", 3}, {"deadline_ms", 60'000}}));
  EXPECT_EQ(fields_of(events::instance_drained({9, Millis(1200), 2, ExitStatus{0, {}}})),
            (json{{"id", 9}, {"after_ms", 1200}, {"connections_cut", 2}, {"exit", {{"code", 0}}}}));
  EXPECT_EQ(fields_of(events::instance_exited(9, ExitStatus{{}, SIGKILL})),
            (json{{"id", 9}, {"exit", {{"signal", "SIGKILL"}}}}));
  EXPECT_EQ(fields_of(events::instance_exited(9, std::nullopt))["exit"], json());
  EXPECT_EQ(fields_of(events::instance_restarted(9, 4712)), (json{{"id", 9}, {"pid", 4712}}));
  EXPECT_EQ(fields_of(events::hook_failed("after_shift", ExitStatus{1, {}})),
            (json{{"hook", "after_shift"}, {"exit", {{"code", 1}}}}));
  EXPECT_EQ(fields_of(events::deploy_finished({Outcome::RolledBack, Millis(412), 0, "not ready"})),
            (json{{"outcome", "rolled_back"},
                  {"duration_ms", 412},
                  {"connections_cut", 0},
                  {"reason", "not ready"}}));
}

}  // namespace
}  // namespace rollctl
