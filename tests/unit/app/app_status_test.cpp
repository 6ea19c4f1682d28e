// SPDX-License-Identifier: MIT
#include "app/app_status.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace rollctl {
namespace {

using nlohmann::json;

AppStatus serving() {
  InstanceStatus instance;
  instance.id = 12;
  instance.release = "v2";
  instance.generation = 7;
  instance.state = InstanceState::Serving;
  instance.weight = 100;
  instance.pid = 4711;
  instance.shim_pid = 4710;
  instance.connections = 3;
  instance.started = parse_time("2026-01-31T11:59:59.900Z").value();
  instance.ready_after = Millis(35);
  instance.steered = {1234, 0, 2};
  AppStatus status;
  status.app = "web";
  status.release = "v2";
  status.generation = 7;
  status.wanted = status.serving = 1;
  status.handover = "steer";
  status.listen = {"0.0.0.0:8080"};
  status.since = parse_time("2026-01-31T12:00:00.123Z").value();
  status.instances = {instance};
  return status;
}

TEST(AppStatusTest, IsTheObjectThatTheManualPromises) {
  EXPECT_EQ(to_json(serving()), json::parse(R"({"v":1,"app":"web","release":"v2","generation":7,"wanted":1,
      "serving":1,"handover":"steer","listen":["0.0.0.0:8080"],"since":"2026-01-31T12:00:00.123Z","deploy":null,"frozen":null,
      "instances":[{"id":12,"release":"v2","generation":7,"state":"serving","weight":100.0,"reachable":true,"pid":4711,
        "shim_pid":4710,"supervised":true,"answers":true,"connections":3,"restarts":0,"started":"2026-01-31T11:59:59.900Z",
        "ready_after_ms":35,"drain_deadline":null,"standby_until":null,"http":null,"status":"",
        "left":[],"reason":"",
        "steered":{"connections":1234,"fallbacks":0,"migrations":2}}]})"));
}

TEST(AppStatusTest, TellsWhatIsLeftAndWhyAServerEnded) {
  AppStatus status = serving();
  status.instances[0].left = {4712, 4713};
  status.instances[0].reason = "the server exited with 3";
  const json object = to_json(status)["instances"][0];
  EXPECT_EQ(object["left"], json({4712, 4713}));
  EXPECT_EQ(object["reason"], "the server exited with 3");
}

TEST(AppStatusTest, SaysNullWhereNothingIsKnown) {
  AppStatus status;
  status.app = "web";
  status.instances.emplace_back();
  const json object = to_json(status);
  for (const char* name : {"release", "handover", "since", "deploy"})
    EXPECT_TRUE(object[name].is_null()) << name;
  for (const char* name : {"connections", "ready_after_ms", "drain_deadline"})
    EXPECT_TRUE(object["instances"][0][name].is_null()) << name;
}

TEST(AppStatusTest, TellsWhatRunsAndWhoIsUnsupervised) {
  AppStatus status = serving();
  status.instances[0].supervision = InstanceStatus::Supervision::Unsupervised;
  status.change = RunningChange{RunningChange::Phase::Interrupted, AppCommand::Deploy, "v3", 8,
                                parse_time("2026-01-31T12:00:00.123Z").value()};
  const json object = to_json(status);
  EXPECT_EQ(object["instances"][0]["supervised"], false);
  EXPECT_EQ(object["deploy"], json::parse(R"({"phase":"interrupted","command":"deploy","release":"v3",
      "generation":8,"since":"2026-01-31T12:00:00.123Z","dead":false})"));
}

TEST(AppStatusTest, IsGoodWhenAllServeAndNothingWasLeft) {
  AppStatus status = serving();
  EXPECT_TRUE(status.good());
  status.change = RunningChange{};
  EXPECT_TRUE(status.good());
  status.change->phase = RunningChange::Phase::Interrupted;
  EXPECT_FALSE(status.good());
  status.change.reset();
  status.wanted = 2;
  EXPECT_FALSE(status.good());
}

TEST(AppStatusTest, IsNotGoodWhileACanaryStandsThatServesNoMore) {
  AppStatus status = serving();
  status.change = RunningChange{};
  status.change->phase = RunningChange::Phase::Canary;
  EXPECT_TRUE(status.good());
  status.change->is_dead = true;
  EXPECT_FALSE(status.good());
  EXPECT_EQ(to_json(status)["deploy"]["dead"], true);
}

TEST(AppStatusTest, AnInstanceThatClientsDoNotReachDoesNotServe) {
  AppStatus status = serving();
  status.instances[0].unreachable = true;
  EXPECT_FALSE(status.instances[0].serves());
  EXPECT_EQ(to_json(status)["instances"][0]["reachable"], false);
  EXPECT_FALSE(status.good()) << "nor is it good where only the canary is unreachable";
}

TEST(AppStatusTest, IsGoodWhenNothingIsWanted) {
  EXPECT_TRUE(AppStatus().good());
}

TEST(AppStatusTest, ASilentShimNeedsAttention) {
  AppStatus status = serving();
  status.instances[0].supervision = InstanceStatus::Supervision::Silent;
  status.silent = Error{ErrorKind::Failed, 0, "instance 12: its shim does not answer", {}};
  EXPECT_FALSE(status.good());
  EXPECT_EQ(to_json(status)["instances"][0]["supervised"], true) << "it lives";
  EXPECT_EQ(to_json(status)["instances"][0]["answers"], false);
}

TEST(AppStatusTest, MoreThanAreWantedIsNoHealthyState) {
  AppStatus status = serving();
  InstanceStatus old = status.instances[0];
  old.id = 11;
  old.generation = 6;
  status.instances.push_back(old);
  status.serving = 2;
  EXPECT_EQ(status.surplus(), std::vector<InstanceId>{11});
  EXPECT_FALSE(status.good());
  status.change = RunningChange{};
  EXPECT_TRUE(status.good()) << "while a change runs both serve";
}

TEST(AppStatusTest, OneOfAnotherGenerationIsTooManyInAnyNumber) {
  AppStatus status = serving();
  status.instances[0].generation = 6;
  EXPECT_FALSE(status.good());
}

TEST(AppStatusTest, OfTheWantedGenerationTheNewestAreTooMany) {
  AppStatus status = serving();
  for (const InstanceId id : {14, 13}) {
    status.instances.push_back(status.instances[0]);
    status.instances.back().id = id;
  }
  status.wanted = 2;
  EXPECT_EQ(status.surplus(), std::vector<InstanceId>{14});
}

}  // namespace
}  // namespace rollctl
