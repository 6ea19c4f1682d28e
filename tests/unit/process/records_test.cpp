// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "process/child.h"
#include "process/instance_event.h"
#include "process/instance_record.h"
#include "process/json_reader.h"
#include "process/launch_spec.h"

namespace rollctl::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

LaunchSpec full_spec() {
  LaunchSpec spec;
  spec.app = "web";
  spec.release = "v2";
  spec.generation = 7;
  spec.instance = 12;
  spec.argv = {"./web", "--name", "caf\xe9", ""};
  spec.env = {"A=1", "B=\xff\xfe"};
  spec.workdir = "/srv/\xc3\xa9";
  spec.credentials = Credentials{33, 34, {35, 36}};
  spec.nofile = 65536;
  spec.listen = {*ListenAddress::parse("0.0.0.0:80"), *ListenAddress::parse(":81")};
  spec.run_dir = "/run/rollctl/web/12";
  spec.log_path = "/var/log/rollctl/web/12.log";
  spec.journal_path = "/var/lib/rollctl/web/journal.jsonl";
  spec.gate = LaunchSpec::Gate::Closed;
  spec.unit = UnitSpec{{{"MemoryMax", "512M"}, {"Description", "\xff"}}};
  spec.drain_signal = 3;
  spec.drain_scope = DrainScope::All;
  spec.drain_deadline = Millis(1500);
  spec.restart = RestartPolicy::Always;
  spec.backoff = Millis(7);
  spec.max_backoff = Millis(70);
  spec.give_up = 9;
  return spec;
}

// Through JSON text, as on disk.
json through_text(const json& value) {
  return json::parse(json_text(value));
}

TEST(LaunchSpecTest, SurvivesBeingKept) {
  const LaunchSpec spec = full_spec();
  const auto back = launch_spec_from_json(through_text(to_json(spec)));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), to_json(spec));
  EXPECT_EQ(back->argv, spec.argv) << "bytes that are no UTF-8 included";
  EXPECT_EQ(back->env, spec.env);
  EXPECT_EQ(back->credentials->groups, (std::vector<gid_t>{35, 36}));
  EXPECT_EQ(back->listen, spec.listen);
  EXPECT_EQ(back->gate, LaunchSpec::Gate::Closed);
  EXPECT_EQ(back->drain_scope, DrainScope::All);
  ASSERT_TRUE(back->unit);
  EXPECT_EQ(back->unit->properties, spec.unit->properties);
  EXPECT_EQ(back->restart, RestartPolicy::Always);
  EXPECT_EQ(back->max_backoff, Millis(70));
}

TEST(LaunchSpecTest, MissingMembersHaveTheirDefaultsAndUnknownOnesAreIgnored) {
  const auto spec = launch_spec_from_json(json{{"v", 3}, {"argv", {"x"}}, {"colour", "blue"}});
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->drain_signal, 15);
  EXPECT_EQ(spec->restart, RestartPolicy::OnFailure);
  EXPECT_FALSE(spec->credentials);
  EXPECT_FALSE(spec->unit);
}

TEST(LaunchSpecTest, CredentialsWithoutAUserAreNotRoot) {
  EXPECT_FALSE(launch_spec_from_json(json{{"credentials", json::object()}}));
  EXPECT_FALSE(launch_spec_from_json(json{{"credentials", {{"uid", 33}}}}));
}

class BadSpecTest : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Texts, BadSpecTest,
                         testing::Values(R"([])", R"({"argv":"web"})", R"({"argv":[1]})",
                                         R"({"argv":[{"hex":"4"}]})", R"({"argv":[{"hex":"zz"}]})",
                                         R"({"generation":1.5})", R"({"generation":99999999999999999999})",
                                         R"({"nofile":-1})", R"({"gate":"ajar"})", R"({"restart":"maybe"})",
                                         R"({"listen":["udp://1.2.3.4:5"]})", R"({"backoff_ms":"fast"})",
                                         R"({"credentials":{"uid":-1,"gid":1}})",
                                         R"({"credentials":{"uid":4294967296,"gid":1}})"));

TEST_P(BadSpecTest, IsRefused) {
  EXPECT_FALSE(launch_spec_from_json(json::parse(GetParam())));
}

TEST(InstanceRecordTest, SurvivesBeingKept) {
  InstanceRecord record;
  record.id = 12;
  record.app = "web";
  record.release = "v2";
  record.generation = 7;
  record.state = InstanceState::Draining;
  record.weight = 33.3;
  record.shim = {50, 60, "boot"};
  record.server = {51, 61, "boot"};
  record.started = *parse_time("2026-01-31T12:00:00.123Z");
  record.ready_after = Millis(35);
  record.restarts = 2;
  record.status = "fine";
  record.notified_ready = true;
  record.drain_deadline = TimePoint(Millis(3'600'042));
  record.exit = ExitStatus{{}, 11};
  record.asks_http = true;
  record.http = HttpReport{64, 60, 3, 2, 1, "not enough memory"};
  record.spec = full_spec();
  const auto back = instance_record_from_json(through_text(to_json(record)));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), to_json(record));
  EXPECT_EQ(back->server, record.server);
  EXPECT_EQ(back->started, record.started);
  EXPECT_EQ(back->drain_deadline, record.drain_deadline);
  EXPECT_EQ(back->exit->signal, 11);
  EXPECT_TRUE(back->asks_http);
  EXPECT_EQ(back->http, record.http);
}

TEST(InstanceRecordTest, EveryStateHasAName) {
  for (int i = 0; i <= static_cast<int>(InstanceState::Failed); ++i) {
    const auto state = static_cast<InstanceState>(i);
    EXPECT_EQ(*parse_instance_state(instance_state_name(state)), state);
  }
  EXPECT_FALSE(parse_instance_state("happy"));
}

TEST(InstanceRecordTest, AMissingFileIsNotFound) {
  EXPECT_EQ(read_instance_record("/nowhere").error().kind, ErrorKind::NotFound);
}

// STATUS= of a server, a log line, a note: --json may print them to a terminal.
TEST(JsonTextTest, HasNoCharacterThatATerminalObeys) {
  for (int code = 0; code < 0xa0; ++code) {
    if (code >= 0x20 && code < 0x7f) continue;
    const std::string character =
        code < 0x80 ? std::string(1, static_cast<char>(code)) : std::string("\xc2") + static_cast<char>(code);
    const std::string text = json_text({{"status", "a" + character + "b" + character}});
    for (const char byte : text) EXPECT_TRUE(byte >= 0x20 && byte < 0x7f) << code << ": " << text;
    EXPECT_EQ(json::parse(text)["status"], "a" + character + "b" + character);
  }
  EXPECT_EQ(json_text({{"note", "größer → 日本\u00a0"}}), "{\"note\":\"größer → 日本\u00a0\"}");
  EXPECT_EQ(json_text({{"note", "\xc2"}}), "{\"note\":\"\ufffd\"}");
}

TEST(ExitStatusTest, ReadsAsTheInterfaceSays) {
  EXPECT_EQ(to_json(ExitStatus{3, {}}).dump(), R"({"code":3})");
  EXPECT_EQ(to_json(ExitStatus{{}, 9}).dump(), R"({"signal":"SIGKILL"})");
  EXPECT_EQ((ExitStatus{3, {}}).text(), "exited with 3");
  EXPECT_EQ((ExitStatus{{}, 11}).text(), "was killed by SIGSEGV");
  EXPECT_FALSE(exit_status_from_json(json::object()));
  EXPECT_FALSE(exit_status_from_json(json{{"signal", "SIGFOO"}}));
}

TEST(InstanceEventTest, IsALineOfTheJournal) {
  InstanceRecord record;
  record.id = 12;
  record.app = "web";
  record.generation = 7;
  record.server.pid = 4711;
  const WallTime now = *parse_time("2026-01-31T12:00:00.123Z");
  const std::string head = R"({"v":1,"time":"2026-01-31T12:00:00.123Z","app":"web","generation":7,)";
  EXPECT_EQ(exited_line(record, now, {1, {}}),
            head + R"("event":"instance.exited","id":12,"exit":{"code":1}})");
  EXPECT_EQ(restarted_line(record, now), head + R"("event":"instance.restarted","id":12,"pid":4711})");
  EXPECT_EQ(
      drained_line(record, now, Millis(40), 2, ExitStatus{{}, 9}),
      head +
          R"("event":"instance.drained","id":12,"after_ms":40,"connections_cut":2,"exit":{"signal":"SIGKILL"}})");
  EXPECT_TRUE(json::accept(drained_line(record, now, Millis(40), 2, {})));
}

TEST(ChildTest, AFailureSaysWhatWasTriedOnWhatAndWhy) {
  ChildSpec spec;
  spec.argv = {"./web"};
  spec.workdir = "/srv/\xc3\xa9";
  spec.credentials = Credentials{33, 34, {}};
  EXPECT_EQ(describe({ExecStage::Exec, 2}, spec), "cannot start \"./web\": No such file or directory");
  EXPECT_EQ(describe({ExecStage::Workdir, 13}, spec),
            "cannot start \"./web\" (changing to \"/srv/\xc3\xa9\"): Permission denied");
  EXPECT_EQ(describe({ExecStage::User, 1}, spec),
            "cannot start \"./web\" (changing to user 33, group 34): Operation not permitted");
}

}  // namespace
}  // namespace rollctl::test
