// SPDX-License-Identifier: MIT
// Every command in its normal use.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CommandsTest : public AppTest {};

// --- deploy ---

TEST_F(CommandsTest, ADeployTellsItsEventsInOrder) {
  deploy("v1");
  const Said said = try_deploy("v2", {}, {"--json", "--note", "hello"});
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_THAT(said.err, IsEmpty());
  EXPECT_THAT(said.event_names(),
              ElementsAre("deploy.started", "instance.started", "instance.ready", "traffic.shifted",
                          "instance.settled", "instance.draining", "instance.drained", "deploy.finished"));
  for (const json& line : said.lines()) {
    EXPECT_EQ(line["v"], 1);
    EXPECT_EQ(line["app"], "web");
    EXPECT_EQ(line["generation"], 2);
    EXPECT_THAT(line["time"].get<std::string>(), testing::MatchesRegex("....-..-..T..:..:...*Z"));
  }
  const json started = said.event("deploy.started");
  EXPECT_EQ(started["release"], "v2");
  EXPECT_EQ(started["from"], "v1");
  EXPECT_EQ(started["instances"], 1);
  EXPECT_EQ(started["handover"], "steer");
  EXPECT_EQ(started["command"], "deploy");
  EXPECT_EQ(started["note"], "hello");
  EXPECT_EQ(said.event("traffic.shifted")["in"], json({2}));
  EXPECT_EQ(said.event("traffic.shifted")["out"], json({1}));
  EXPECT_EQ(said.event("traffic.shifted")["weights"], json({{"2", 100.0}}));
  EXPECT_EQ(said.event("instance.settled")["left"], 0);
  EXPECT_EQ(said.event("instance.draining")["deadline_ms"], 60'000);
  EXPECT_EQ(said.event("instance.drained")["connections_cut"], 0);
  EXPECT_EQ(said.event("instance.drained")["exit"], json({{"code", 0}}));
  EXPECT_EQ(said.event("deploy.finished")["outcome"], "deployed");
  EXPECT_EQ(said.event("deploy.finished")["connections_cut"], 0);
  EXPECT_TRUE(said.event("deploy.finished")["duration_ms"].is_number());
  expect_only("v2");
}

TEST_F(CommandsTest, TheSameAgainChangesNothing) {
  deploy("v1", {.instances = 2});
  const json before = status();
  const std::string journal_before = read(journal_path());
  const Said said = rollctl({"deploy", "web", "v1"});
  EXPECT_THAT(said, AllOf(ExitsWith(0), Says("v1 serves with 2 instances already")));
  EXPECT_FALSE(std::filesystem::exists(path("log/web/3.log"))) << "of the shim that was called off";
  EXPECT_EQ(rollctl({"deploy", "web", "v1", "--json"}).event("deploy.finished")["outcome"], "unchanged");
  EXPECT_EQ(status()["instances"][0]["pid"], before["instances"][0]["pid"]);
  EXPECT_EQ(read(journal_path()), journal_before);
}

TEST_F(CommandsTest, TheSameReleaseWithAnotherSpecificationIsDeployed) {
  deploy("v1");
  const Said said = try_deploy("v1", {.keys = "env = { MODE = \"b\" }"}, {"--json"});
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("deploy.finished")["outcome"], "deployed");
  EXPECT_EQ(status()["generation"], 2);
}

TEST_F(CommandsTest, AReleaseDefaultsToTheGeneration) {
  write_app(StubApp{});
  EXPECT_THAT(rollctl({"deploy", "web"}), ExitsWith(0));
  expect_only("g1");
  EXPECT_THAT(rollctl({"deploy", "web"}), ExitsWith(0));
  expect_only("g2");
}

struct BatchCase {
  const char* batch;
  size_t shifts;
};

TEST_F(CommandsTest, ABatchSaysHowManyAreReplacedAtATime) {
  const BatchCase table[] = {{"1", 4}, {"2", 2}, {"50%", 2}, {"3", 2}, {"all", 1}, {"100%", 1}};
  deploy("v0", {.instances = 4});
  int release = 0;
  for (const BatchCase& batch : table) {
    Clients clients;
    const std::string name = "v" + std::to_string(++release);
    const Said said = try_deploy(name, {.instances = 4}, {"--batch", batch.batch, "--json"});
    EXPECT_THAT(clients.stop(), IsEmpty());
    EXPECT_THAT(said, ExitsWith(0));
    size_t shifts = 0;
    for (const std::string& event : said.event_names()) shifts += event == "traffic.shifted" ? 1 : 0;
    EXPECT_EQ(shifts, batch.shifts) << batch.batch;
    expect_only(name, 4);
  }
}

TEST_F(CommandsTest, InstancesMayBeGivenAndMayBeAsManyAsCpus) {
  write_app(StubApp{});
  EXPECT_THAT(rollctl({"deploy", "web", "v1", "-n", "3"}), ExitsWith(0));
  expect_only("v1", 3);
  EXPECT_THAT(rollctl({"deploy", "web", "v2", "--instances", "cpus"}), ExitsWith(0));
  EXPECT_GE(status()["wanted"], 1);
  EXPECT_EQ(status()["wanted"], status()["serving"]);
}

TEST_F(CommandsTest, ADryRunTouchesNothing) {
  write_app(StubApp{.instances = 3});
  const Said first = rollctl({"deploy", "web", "v1", "--dry-run"});
  EXPECT_THAT(first, AllOf(ExitsWith(0), Says("start 1"), Says("nothing was touched")));
  EXPECT_TRUE(std::filesystem::is_empty(path("state")));
  EXPECT_TRUE(std::filesystem::is_empty(path("run")));
  deploy("v1", {.instances = 3});
  const json before = status();
  const std::string journal_before = read(journal_path());
  const std::vector<std::vector<std::string>> commands = {
      {"deploy", "web", "v2", "--batch", "2"}, {"restart", "web"}, {"scale", "web", "5"}, {"stop", "web"}};
  for (auto command : commands) {
    command.emplace_back("--dry-run");
    EXPECT_THAT(rollctl(command), AllOf(ExitsWith(0), Says("nothing was touched"))) << command.front();
    command.emplace_back("--json");
    const auto lines = rollctl(command).lines();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(lines.front()["plan"].is_array());
  }
  EXPECT_EQ(read(journal_path()), journal_before);
  EXPECT_EQ(status()["instances"][0]["pid"], before["instances"][0]["pid"]);
  EXPECT_FALSE(std::filesystem::exists(path("state/web/generations/2.json")));
}

TEST_F(CommandsTest, DetachReturnsWhenTheTrafficHasMoved) {
  deploy("v1");
  auto client = connect_client();
  ASSERT_TRUE(client);
  await("the client is accepted", [&] { return status()["instances"][0]["connections"] == 1; });
  const Said said = try_deploy("v2", {}, {"--detach"});
  EXPECT_THAT(said, AllOf(ExitsWith(0), Says("still draining")));
  EXPECT_EQ(instance_of("v1")["state"], "draining");
  EXPECT_EQ(get()->release, "v2");
  client->reset();
  await("its shim ends it", [&] { return status()["instances"].size() == 1; });
  expect_only("v2");
  EXPECT_EQ(journal().back()["event"], "instance.drained");
}

TEST_F(CommandsTest, TheAppMayBeNamedByThePathOfItsFile) {
  write(path("elsewhere.toml"), text_of({}));
  EXPECT_THAT(rollctl({"deploy", path("elsewhere.toml"), "v1"}), AllOf(ExitsWith(0), Says("elsewhere: v1")));
  EXPECT_EQ(status("elsewhere")["serving"], 1);
  EXPECT_THAT(rollctl({"stop", path("elsewhere.toml")}), ExitsWith(0));
  EXPECT_THAT(rollctl({"deploy", path("none.toml"), "v1"}),
              AllOf(ExitsWith(6), Complains(path("none.toml"))));
}

TEST_F(CommandsTest, AServerSeesWhoItIsAndNothingElseOfTheCallersEnvironment) {
  write(path("server.sh"), "#!/bin/sh\nenv | sort > " + path("env") + "\npwd >> " + path("env") + "\nexec " +
                               program_path("stub_server") + " \"$@\"\n");
  chmod(path("server.sh").c_str(), 0755);
  write_app("command = [\"" + path("server.sh") +
            "\", \"--listen\", \"{listen}\"]\nlisten = [\"127.0.0.1:8080\"]\n"
            "workdir = \"" +
            path("log") + "\"\nenv = { GREETING = \"hello {release}\" }\n");
  ChildSpec spec = rollctl_spec({"deploy", "web", "v1"});
  spec.env.emplace_back("SECRET=1");
  ASSERT_EQ(run_child(spec, kLong)->exit, ChildExit::with_code(0));
  const std::string env = read(path("env"));
  for (const char* line : {"GREETING=hello v1", "ROLL_APP=web", "ROLL_RELEASE=v1", "ROLL_GENERATION=1",
                           "ROLL_INSTANCE=1", "ROLL_RUN_DIR=", "NOTIFY_SOCKET=", "PATH=", "HOME="})
    EXPECT_THAT(env, HasSubstr(line));
  EXPECT_THAT(env, Not(HasSubstr("SECRET")));
  EXPECT_THAT(env, HasSubstr(path("log") + "\n"));
}

TEST_F(CommandsTest, AServerRunsAsItsUser) {
  write(path("servers.jsonl"), "");
  chmod(path("servers.jsonl").c_str(), 0666);
  deploy("v1", {.keys = "user = \"nobody\""});
  const std::string proc = read("/proc/" + std::to_string(instance_of("v1")["pid"].get<int>()) + "/status");
  EXPECT_THAT(proc, HasSubstr("Uid:\t65534\t65534\t65534\t65534"));
  deploy("v2", {.keys = "user = \"nobody\""});
  expect_only("v2");
}

TEST_F(CommandsTest, HooksRunInOrderWithTheReleaseInTheirEnvironment) {
  std::string hooks = "[hooks]\n";
  for (const char* hook : {"before_deploy", "after_shift", "before_drain", "after_deploy", "on_failure"})
    hooks += std::string(hook) + " = [\"/bin/sh\", \"-c\", \"echo " + hook + " $ROLL_RELEASE >> " +
             path("hooks") + "\"]\n";
  deploy("v1", {.tables = hooks});
  std::filesystem::remove(path("hooks"));
  deploy("v2", {.tables = hooks});
  EXPECT_EQ(read(path("hooks")), "before_deploy v2\nafter_shift v2\nbefore_drain v2\nafter_deploy v2\n");
  std::filesystem::remove(path("hooks"));
  EXPECT_THAT(try_deploy("v3", {.behaviours = {"exit=1"}, .tables = hooks}), ExitsWith(1));
  EXPECT_EQ(read(path("hooks")), "before_deploy v3\non_failure v3\n");
  const Said warned = try_deploy("v4", {.tables = "[hooks]\nafter_deploy = [\"/bin/false\"]\n"});
  EXPECT_THAT(warned, AllOf(ExitsWith(0), Complains("warning:"), Complains("after_deploy")));
  expect_only("v4");
}

TEST_F(CommandsTest, SeveralAddressesMoveTogetherAlsoOverIpv6) {
  const std::vector<std::string> all{"127.0.0.1:8080", "[::1]:8081", "127.0.0.1:8082"};
  deploy("v1", {.listen = all, .instances = 2});
  Clients v4("127.0.0.1:8080");
  Clients v6("[::1]:8081");
  deploy("v2", {.listen = all, .instances = 2});
  EXPECT_THAT(v4.stop(), IsEmpty());
  EXPECT_THAT(v6.stop(), IsEmpty());
  for (const std::string& address : all) EXPECT_EQ(get(address)->release, "v2") << address;
  EXPECT_EQ(status()["listen"], json(all));
}

TEST_F(CommandsTest, AddressesMayBeAddedAndTakenAway) {
  deploy("v1", {.listen = {kAddress, "127.0.0.1:8081"}});
  Clients clients;
  deploy("v2", {.listen = {kAddress, "127.0.0.1:8082"}});
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_EQ(get("127.0.0.1:8082")->release, "v2");
  EXPECT_FALSE(get("127.0.0.1:8081"));
}

TEST_F(CommandsTest, APortAloneIsWhicheverWildcardTheServerBinds) {
  deploy("v1", {.listen = {":8080"}});
  Clients v4("127.0.0.1:8080");
  Clients v6("[::1]:8080");
  deploy("v2", {.listen = {":8080"}});
  EXPECT_THAT(v4.stop(), IsEmpty());
  EXPECT_THAT(v6.stop(), IsEmpty());
  EXPECT_EQ(get("[::1]:8080")->release, "v2");
}

// --- Ad-hoc apps ---

TEST_F(CommandsTest, AnAdHocAppNeedsNoFileAndIsKept) {
  const std::string server = program_path("stub_server");
  EXPECT_THAT(rollctl({"deploy", "web", "--listen", kAddress, "-n", "2", "--ready", "http:/readyz", "--",
                       server, "--listen", "{listen}"}),
              ExitsWith(0));
  expect_only("g1", 2);
  EXPECT_THAT(rollctl({"deploy", "web", "v2"}), ExitsWith(0));
  expect_only("v2", 2);
  EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"rollback", "web"}), ExitsWith(0));
  expect_only("g1", 2);
  EXPECT_THAT(rollctl({"deploy", "web", "--listen", kAddress, "--", server, "--listen", "{listen}",
                       "--behaviour", "exit=3"}),
              ExitsWith(1));
  expect_only("g1", 2);
}

TEST_F(CommandsTest, ACommandBesideAnAppFileIsRefused) {
  write_app(StubApp{});
  const Said said = rollctl({"deploy", "web", "--listen", kAddress, "--", program_path("stub_server")});
  EXPECT_THAT(said, AllOf(ExitsWith(2), Complains(app_path()), Complains("hint:")));
  EXPECT_THAT(rollctl({"deploy", "other", "--", program_path("stub_server")}),
              AllOf(ExitsWith(2), Complains("--listen")));
}

TEST_F(CommandsTest, AnAppFileMadeLaterReplacesWhatWasAdHoc) {
  EXPECT_THAT(rollctl({"deploy", "web", "--listen", kAddress, "--", program_path("stub_server"), "--listen",
                       "{listen}"}),
              ExitsWith(0));
  deploy("v2", {.instances = 2});
  expect_only("v2", 2);
}

// --- restart, rollback ---

TEST_F(CommandsTest, ARestartRollsTheSameReleaseAgainWithTheFileOfNow) {
  deploy("v1", {.instances = 2});
  const json before = instance_of("v1");
  Clients clients;
  write_app(StubApp{.instances = 2, .keys = "env = { MODE = \"b\" }"});
  const Said said = rollctl({"restart", "web"});
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_THAT(said, AllOf(ExitsWith(0), Says("restarted")));
  EXPECT_NE(instance_of("v1")["pid"], before["pid"]);
  EXPECT_EQ(status()["generation"], 2);
  expect_only("v1", 2);
  EXPECT_THAT(read("/proc/" + std::to_string(instance_of("v1")["pid"].get<int>()) + "/environ"),
              HasSubstr("MODE=b"));
}

TEST_F(CommandsTest, ARollbackGoesBackAndTwiceReturns) {
  deploy("v1", {.keys = "env = { MODE = \"one\" }"});
  deploy("v2");
  EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(0));
  EXPECT_THAT(try_deploy("v3", {.behaviours = {"exit=1"}}), ExitsWith(1));
  Clients clients;
  EXPECT_THAT(rollctl({"rollback", "web"}), AllOf(ExitsWith(0), Says("rolled back from v2")));
  expect_only("v1");
  EXPECT_THAT(read("/proc/" + std::to_string(instance_of("v1")["pid"].get<int>()) + "/environ"),
              HasSubstr("MODE=one"))
      << "exactly what ran then";
  EXPECT_THAT(rollctl({"rollback", "web"}), ExitsWith(0));
  expect_only("v2");
  EXPECT_THAT(clients.stop(), IsEmpty());
}

// As capistrano and many others lay releases out: `current` is a link that a deploy changes.
class LinkedReleaseTest : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    for (const char* release : {"v1", "v2"}) {
      std::filesystem::create_directories(path("releases/" + std::string(release)));
      std::filesystem::copy(program_path("stub_server"), path("releases/" + std::string(release) + "/web"));
    }
    std::string text = text_of(StubApp{});
    const std::string program = program_path("stub_server");
    text.replace(text.find(program), program.size(), path("current/web"));
    write_app(text);
  }
  void point_at(const std::string& release) {
    std::filesystem::remove(path("current"));
    std::filesystem::create_directory_symlink("releases/" + release, path("current"));
  }
  std::string program_of(const std::string& release) {
    const std::string pid = std::to_string(instance_of(release)["pid"].get<int>());
    return std::filesystem::read_symlink("/proc/" + pid + "/exe").string();
  }
};

TEST_F(LinkedReleaseTest, AGenerationRunsWhatTheLinkNamedWhenItWasDeployed) {
  point_at("v1");
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  point_at("v2");
  EXPECT_THAT(rollctl({"deploy", "web", "v2"}), ExitsWith(0));
  EXPECT_EQ(program_of("v2"), path("releases/v2/web"));
  EXPECT_THAT(rollctl({"rollback", "web"}), ExitsWith(0));
  EXPECT_EQ(program_of("v1"), path("releases/v1/web"));
  const int crashed = instance_of("v1")["pid"].get<int>();
  ASSERT_EQ(::kill(crashed, SIGKILL), 0);
  json now = instance_of("v1");
  for (const auto end = std::chrono::steady_clock::now() + kLong;
       now["state"] != "serving" || now["pid"] == crashed; now = instance_of("v1")) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << now;
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(program_of("v1"), path("releases/v1/web")) << "and a restart after a crash runs it again";
}

TEST_F(LinkedReleaseTest, ARollbackToAReleaseThatIsNotThereSaysSoBeforehand) {
  point_at("v1");
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  point_at("v2");
  EXPECT_THAT(rollctl({"deploy", "web", "v2"}), ExitsWith(0));
  std::filesystem::remove_all(path("releases/v1"));
  EXPECT_THAT(rollctl({"rollback", "web", "--dry-run"}), AllOf(ExitsWith(2), Complains("releases/v1/web")));
  EXPECT_THAT(rollctl({"rollback", "web"}), AllOf(ExitsWith(2), Complains("releases/v1/web")));
  expect_only("v2");
}

TEST_F(LinkedReleaseTest, TheSameLabelWithAnotherProgramIsSaid) {
  point_at("v1");
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), AllOf(ExitsWith(0), Not(Complains("has changed"))));
  std::filesystem::remove(path("releases/v1/web"));
  std::filesystem::copy(program_path("stub_server"), path("releases/v1/web"));
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}),
              AllOf(ExitsWith(0), Complains("releases/v1/web has changed since v1 was deployed"),
                    Complains("rollctl restart web")));
}

TEST_F(CommandsTest, ARollbackMayNameAReleaseOrAGeneration) {
  deploy("v1");
  deploy("v2");
  deploy("v3");
  EXPECT_THAT(rollctl({"rollback", "web", "--to", "v1"}), ExitsWith(0));
  expect_only("v1");
  EXPECT_THAT(rollctl({"rollback", "web", "--to-generation", "2"}), ExitsWith(0));
  expect_only("v2");
  EXPECT_THAT(rollctl({"rollback", "web", "--to", "v9"}), AllOf(ExitsWith(6), Complains("v9")));
  EXPECT_THAT(rollctl({"rollback", "web", "--to-generation", "99"}), AllOf(ExitsWith(6), Complains("99")));
}

TEST_F(CommandsTest, WithoutAnEarlierReleaseThereIsNoRollback) {
  deploy("v1");
  EXPECT_THAT(rollctl({"rollback", "web"}),
              AllOf(ExitsWith(6), Complains("no earlier release"), Complains("hint:")));
}

// --- scale, start, stop, remove ---

TEST_F(CommandsTest, ScaleGoesUpAndDownAndHoldsUntilTheFileChanges) {
  deploy("v1");
  Clients clients;
  EXPECT_THAT(rollctl({"scale", "web", "3"}), AllOf(ExitsWith(0), Says("v1 serves with 3 instances")));
  expect_only("v1", 3);
  EXPECT_THAT(rollctl({"scale", "web", "2"}), ExitsWith(0));
  expect_only("v1", 2);
  EXPECT_THAT(rollctl({"scale", "web", "2", "--json"}).event("deploy.finished")["outcome"], "unchanged");
  deploy("v2");
  expect_only("v2", 2);
  EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(0));
  expect_only("v2", 2);
  deploy("v3", {.instances = 3});
  expect_only("v3", 3);
  EXPECT_THAT(clients.stop(), IsEmpty());
}

TEST_F(CommandsTest, StopDrainsAllAndStartBringsThemBack) {
  deploy("v1", {.instances = 2});
  EXPECT_THAT(rollctl({"stop", "web"}), AllOf(ExitsWith(0), Says("stopped")));
  await_no_process();
  EXPECT_FALSE(get());
  const Said shown = rollctl({"status", "web"});
  EXPECT_THAT(shown, AllOf(ExitsWith(0), Says("stopped"), Says("last release v1")));
  EXPECT_THAT(rollctl({"stop", "web"}), AllOf(ExitsWith(0), Says("already")));
  for (const char* command : {"restart"})
    EXPECT_THAT(rollctl({command, "web"}), AllOf(ExitsWith(1), Complains("rollctl start web")));
  EXPECT_THAT(rollctl({"start", "web"}), ExitsWith(0));
  expect_only("v1", 2);
  EXPECT_THAT(rollctl({"start", "web"}), AllOf(ExitsWith(0), Says("already")));
}

TEST_F(CommandsTest, StartOfWhatWasNeverDeployedSaysWhatToDo) {
  write_app(StubApp{});
  EXPECT_THAT(rollctl({"start", "web"}), AllOf(ExitsWith(6), Complains("rollctl deploy web")));
  EXPECT_THAT(rollctl({"restart", "web"}), Complains("rollctl deploy web"));
  EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
}

TEST_F(CommandsTest, StartTopsUpAfterAReboot) {
  deploy("v1", {.instances = 2});
  for (const char* kind : {"roll-shim", "stub_server"})
    for (const Resident& one : residents_called(kind)) kill_process(one.id.pid);
  std::filesystem::remove_all(path("run/web"));
  EXPECT_THAT(rollctl({"status", "web"}), AllOf(ExitsWith(3), Says("0 of 2 instances")));
  EXPECT_THAT(rollctl({"start", "web"}), ExitsWith(0));
  expect_only("v1", 2);
}

TEST_F(CommandsTest, RemoveForgetsOnlyWhatIsStopped) {
  deploy("v1");
  EXPECT_THAT(rollctl({"remove", "web"}),
              AllOf(ExitsWith(1), Complains("1 instance"), Complains("rollctl stop web")));
  EXPECT_EQ(get()->release, "v1");
  EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"remove", "web"}), ExitsWith(0));
  for (const char* folder : {"state", "run", "log"})
    EXPECT_TRUE(std::filesystem::is_empty(path(folder))) << folder;
  EXPECT_TRUE(std::filesystem::exists(app_path()));
}

// --- status, history, logs, check, recover ---

TEST_F(CommandsTest, StatusIsExactlyWhatTheManualSays) {
  // Its status arrives with READY=1.
  deploy("v1",
         {.behaviours = {"status=all is well"}, .instances = 2, .tables = "[ready]\nkind = \"notify\"\n"});
  const json app = status();
  std::vector<std::string> keys;
  for (const auto& [key, value] : app.items()) keys.push_back(key);
  EXPECT_THAT(keys,
              testing::UnorderedElementsAre("v", "app", "release", "generation", "wanted", "serving",
                                            "handover", "listen", "since", "deploy", "frozen", "instances"));
  EXPECT_EQ(app["v"], 1);
  EXPECT_EQ(app["app"], "web");
  EXPECT_EQ(app["generation"], 1);
  EXPECT_EQ(app["handover"], "steer");
  EXPECT_EQ(app["listen"], json({kAddress}));
  EXPECT_TRUE(app["since"].is_string());
  keys.clear();
  const json instance = app["instances"][0];
  for (const auto& [key, value] : instance.items()) keys.push_back(key);
  EXPECT_THAT(keys, testing::UnorderedElementsAre(
                        "id", "release", "generation", "state", "weight", "reachable", "pid", "shim_pid",
                        "supervised", "answers", "connections", "restarts", "started", "ready_after_ms",
                        "drain_deadline", "standby_until", "http", "status", "left", "reason", "steered"));
  EXPECT_EQ(instance["id"], 1);
  EXPECT_EQ(instance["state"], "serving");
  EXPECT_EQ(instance["weight"], 50.0);
  EXPECT_EQ(instance["supervised"], true);
  EXPECT_EQ(instance["connections"], 0);
  EXPECT_EQ(instance["restarts"], 0);
  EXPECT_TRUE(instance["ready_after_ms"].is_number_integer());
  EXPECT_EQ(instance["drain_deadline"], nullptr);
  EXPECT_EQ(instance["status"], "all is well");
  EXPECT_EQ(instance["steered"], json({{"connections", 0}, {"fallbacks", 0}, {"migrations", 0}}));
}

TEST_F(CommandsTest, StatusWithoutAnAppShowsAll) {
  EXPECT_THAT(rollctl({"status"}), AllOf(ExitsWith(0), Says("no apps")));
  EXPECT_EQ(rollctl({"status", "--json"}).lines().front(), json({{"v", 1}, {"apps", json::array()}}));
  deploy("v1");
  write_app(StubApp{.listen = {"127.0.0.1:9090"}}, "other");
  const json all = rollctl({"status", "--json"}).lines().front();
  ASSERT_EQ(all["apps"].size(), 2U);
  EXPECT_EQ(all["apps"][0]["app"], "other");
  EXPECT_EQ(all["apps"][1]["serving"], 1);
}

TEST_F(CommandsTest, StatusWaitsForAChangeToEnd) {
  deploy("v1");
  write_app(StubApp{.behaviours = {"ready-after=500ms"}, .tables = "[ready]\nkind = \"notify\"\n"});
  ChildProcess deploy = start({"deploy", "web", "v2", "--json"});
  await_event(deploy, "instance.started");
  const Said said = rollctl({"status", "web", "--wait", "--json"});
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.lines().front()["release"], "v2");
  EXPECT_THAT(finish(deploy), ExitsWith(0));
}

// It stops at the first shim and continues after a change: the data it read before is outdated.
TEST_F(CommandsTest, StatusTellsOfOneMoment) {
  deploy("v1");
  ChildSpec slow = rollctl_spec({"status", "web", "--json"});
  const std::string trace = path("trace");
  slow.argv.insert(slow.argv.begin(), {"strace", "-qq", "-o", trace, "-e", "trace=connect", "-e",
                                       "inject=connect:signal=STOP:when=1"});
  auto looking = ChildProcess::spawn(std::move(slow));
  ASSERT_TRUE(looking) << looking.error().message;
  await("status stands still", [&] { return read(trace).find("stopped by SIGSTOP") != std::string::npos; });
  deploy("v2", {.instances = 2});
  for (const Resident& one : residents_called("rollctl status")) kill_process(one.id.pid, SIGCONT);
  const Said said = finish(*looking);
  ASSERT_THAT(said, ExitsWith(0));
  const json app = said.lines().front();
  EXPECT_EQ(app["release"], "v2");
  EXPECT_EQ(app["instances"].size(), 2U);
  EXPECT_EQ(app["serving"], 2);
}

TEST_F(CommandsTest, StatusWatchesUntilItIsInterrupted) {
  deploy("v1");
  ChildProcess watch = start({"status", "web", "--watch"});
  for (int shown = 0; shown < 2; ++shown) {
    std::string line;
    while (line.find("v1 serves") == std::string::npos) {
      const auto read = watch.read_line(kLong);
      ASSERT_TRUE(read) << read.error().message;
      line = *read;
    }
  }
  ASSERT_TRUE(watch.send_signal(SIGTERM));
  EXPECT_THAT(finish(watch), ExitsWith(0));
}

TEST_F(CommandsTest, StatusExitsWithThreeWhenFewerServeThanWanted) {
  deploy("v1", {.instances = 2, .tables = "[restart]\npolicy = \"never\"\n"});
  kill_process(instance_of("v1")["pid"]);
  await("its end is noticed", [&] { return status()["serving"] == 1; });
  EXPECT_THAT(rollctl({"status", "web"}), AllOf(ExitsWith(3), Says("1 of 2 instances")));
  EXPECT_THAT(rollctl({"status"}), ExitsWith(3));
  EXPECT_THAT(rollctl({"start", "web"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(0));
  expect_only("v1", 2);
}

TEST_F(CommandsTest, HistoryTellsTheNewestFirst) {
  deploy("v1");
  EXPECT_THAT(try_deploy("v2", {.behaviours = {"exit=3"}}), ExitsWith(1));
  EXPECT_THAT(try_deploy("v3", {}, {"--note", "the third"}), ExitsWith(0));
  const json history = rollctl({"history", "web", "--json"}).lines().front();
  EXPECT_EQ(history["v"], 1);
  EXPECT_EQ(history["app"], "web");
  ASSERT_EQ(history["changes"].size(), 3U);
  const json newest = history["changes"][0];
  EXPECT_EQ(newest["command"], "deploy");
  EXPECT_EQ(newest["release"], "v3");
  EXPECT_EQ(newest["from"], "v1");
  EXPECT_EQ(newest["generation"], 3);
  EXPECT_EQ(newest["outcome"], "deployed");
  EXPECT_EQ(newest["note"], "the third");
  EXPECT_EQ(newest["handover"], "steer");
  EXPECT_EQ(newest["connections_cut"], 0);
  EXPECT_TRUE(newest["duration_ms"].is_number());
  EXPECT_EQ(history["changes"][1]["outcome"], "rolled_back");
  EXPECT_THAT(history["changes"][1]["reason"].get<std::string>(), HasSubstr("exited with 3"));
  EXPECT_EQ(history["changes"][2]["from"], nullptr);
  EXPECT_EQ(rollctl({"history", "web", "--json", "-n", "1"}).lines().front()["changes"].size(), 1U);
  EXPECT_THAT(rollctl({"history", "web"}), AllOf(Says("v3"), Says("rolled back"), Says("the third")));
}

class WayOutTest : public AppTest {
 protected:
  // Both hooks that can refuse do.
  [[nodiscard]] static StubApp refusing() {
    return {.tables = "[hooks]\nbefore_deploy = [\"/bin/false\"]\nafter_shift = [\"/bin/false\"]\n"};
  }
};

TEST_F(WayOutTest, DependsOnNoHook) {
  deploy("v1");
  EXPECT_THAT(try_deploy("v2", refusing(), {"--no-hooks"}), ExitsWith(0));
  for (const char* command : {"stop", "start", "recover"})
    EXPECT_THAT(rollctl({command, "web"}), ExitsWith(0)) << command;
  expect_only("v2");
  EXPECT_THAT(rollctl({"scale", "web", "2"}), AllOf(ExitsWith(1), Complains("hook before_deploy failed")));
  EXPECT_THAT(rollctl({"scale", "web", "2", "--no-hooks"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"rollback", "web", "--no-hooks"}), ExitsWith(0));
  EXPECT_EQ(status()["release"], "v1");
}

TEST_F(WayOutTest, OfACanaryDependsOnNoHook) {
  EXPECT_THAT(try_deploy("v1", refusing(), {"--no-hooks"}), ExitsWith(0));
  for (const char* command : {"abort", "rollback"}) {
    EXPECT_THAT(rollctl({"deploy", "web", "v2", "--canary", "20%", "--no-hooks"}), ExitsWith(0)) << command;
    EXPECT_THAT(rollctl({command, "web"}), ExitsWith(0)) << command;
    expect_only("v1");
  }
}

// It withdraws the canary, and does not go back one release more.
TEST_F(WayOutTest, ARollbackFinishesOneThatWasKilled) {
  deploy("v1");
  deploy("v2");
  EXPECT_THAT(try_deploy("v3", {}, {"--canary", "20%"}), ExitsWith(0));
  std::ofstream(journal_path(), std::ios::app)
      << R"({"v":1,"time":"2026-01-31T12:00:00.123Z","app":"web","generation":2,"event":"deploy.started",)"
      << R"("command":"rollback","release":"v2","from":"v3","instances":1,"handover":"steer","note":""})"
      << "\n";
  EXPECT_THAT(rollctl({"rollback", "web"}),
              AllOf(ExitsWith(0), Says("the interrupted rollback was finished")));
  expect_only("v2");
}

TEST_F(WayOutTest, HooksAreToldOfTheChange) {
  const std::string tell =
      "[hooks]\nafter_deploy = { command = [\"/bin/sh\", \"-c\", \"echo "
      "$ROLL_COMMAND $ROLL_PREVIOUS_RELEASE $ROLL_INSTANCES $ROLL_NOTE $ROLL_OUTCOME "
      "$ROLL_CONNECTIONS_CUT $COLOR $PWD > " +
      path("told") + "\"], env = \"release\", workdir = \"" + dir_ + "\", timeout = \"30s\" }\n";
  deploy("v1");
  write_app(StubApp{.keys = "env = { COLOR = \"red\" }\n", .tables = tell});
  EXPECT_THAT(rollctl({"deploy", "web", "v2", "--note", "why"}), ExitsWith(0));
  EXPECT_EQ(read(path("told")), "deploy v1 1 why deployed 0 red " + dir_ + "\n");
}

TEST_F(WayOutTest, HistoryNamesTheCaller) {
  deploy("v1");
  const json change = json::parse(rollctl({"history", "web", "--json"}).out)["changes"][0];
  EXPECT_TRUE(change["user"].is_string()) << change;
}

// A canary that died takes no share, and its status is not well.
TEST_F(WayOutTest, LeadsOutOfADeadCanary) {
  deploy("v1", {.instances = 3});
  EXPECT_THAT(try_deploy("v2", {.instances = 3}, {"--canary", "20%"}), ExitsWith(0));
  kill_process(instance_of("v2")["pid"]);
  await("its death is known", [&] { return status()["deploy"]["dead"] == true; });
  const Said said = rollctl({"status", "web"});
  EXPECT_THAT(said, AllOf(ExitsWith(3), Says("serves no more"), Says("rollctl abort web")));
  EXPECT_EQ(said.out.find("promote"), std::string::npos);
  const auto expect_thirds = [this] {
    for (const json& instance : status()["instances"]) {
      const double weight = instance["release"] == "v1" ? 100.0 / 3 : 0;
      EXPECT_NEAR(instance["weight"].get<double>(), weight, 0.1) << instance;
    }
  };
  expect_thirds();
  EXPECT_THAT(rollctl({"abort", "web"}), ExitsWith(0));
  expect_thirds();
}

TEST_F(WayOutTest, HistoryTellsTheFinalCount) {
  deploy("v1", {.tables = "[drain]\ndeadline = \"1s\"\n"});
  auto client = connect_client();
  ASSERT_TRUE(client);
  await("it is accepted", [&] { return status()["instances"][0]["connections"] == 1; });
  write_app(StubApp{.tables = "[drain]\ndeadline = \"1s\"\n"});
  EXPECT_THAT(rollctl({"deploy", "web", "v2", "--detach"}), ExitsWith(0));
  const auto last = [this] { return json::parse(rollctl({"history", "web", "--json"}).out)["changes"][0]; };
  EXPECT_EQ(last()["remaining"], json({1}));
  EXPECT_THAT(rollctl({"history", "web"}), Says("0 so far"));
  await("v1 has ended", [&] { return status()["instances"].size() == 1; });
  await("its end is told", [&] { return last()["remaining"] == json::array(); });
  EXPECT_EQ(last()["connections_cut"], 1);
}

class EnvFileTest : public AppTest {
 protected:
  // The value of COLOR that the first instance of the release has.
  [[nodiscard]] std::string color(const json& instance) const {
    const std::string environment =
        std::string(1, '\0') + read("/proc/" + instance["pid"].dump() + "/environ");
    const size_t at = environment.find(std::string("\0COLOR=", 7));
    return at == std::string::npos ? "" : environment.substr(at + 7, environment.find('\0', at + 7) - at - 7);
  }
};

TEST_F(EnvFileTest, AGenerationKeepsWhatItRanWith) {
  const StubApp app{.keys = "env_file = \"" + path("web.env") + "\"\n"};
  write(path("web.env"), "COLOR=red # the first\n");
  deploy("v1", app);
  EXPECT_EQ(color(instance_of("v1")), "red");
  write(path("web.env"), "COLOR=blue\n");
  EXPECT_THAT(rollctl({"scale", "web", "2"}), ExitsWith(0));
  for (const json& instance : status()["instances"]) EXPECT_EQ(color(instance), "red") << instance;
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), AllOf(ExitsWith(0), Says("v1 serves with")));
  for (const json& instance : status()["instances"])
    EXPECT_EQ(color(instance), "blue") << "a change is noticed";
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), Says("already"));
  EXPECT_THAT(rollctl({"deploy", "web", "v2"}), ExitsWith(0));
  std::filesystem::remove(path("web.env"));
  EXPECT_THAT(rollctl({"rollback", "web", "--to-generation", "1"}), ExitsWith(0));
  for (const json& instance : status()["instances"]) EXPECT_EQ(color(instance), "red") << "what ran then";
  struct stat info{};
  ASSERT_EQ(::stat(path("state/web/generations/1.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

class LogsTest : public AppTest {
 protected:
  void deploy_logging() {
    write(path("server.sh"), "#!/bin/sh\nfor i in 1 2 3 4 5; do echo line $i of $ROLL_INSTANCE; done\nexec " +
                                 program_path("stub_server") + " \"$@\"\n");
    chmod(path("server.sh").c_str(), 0755);
    write_app("command = [\"" + path("server.sh") +
              "\", \"--listen\", \"{listen}\"]\nlisten = [\"127.0.0.1:8080\"]\ninstances = 2\n");
    ASSERT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  }
};

TEST_F(LogsTest, TheLastLinesOfAllInstancesByTime) {
  deploy_logging();
  const std::string told = rollctl({"logs", "web", "-n", "10"}).out;
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 10);
  // The fresh line of another instance is not hidden by what one logs.
  std::ofstream(path("log/web/1.log"), std::ios::app) << "an error\n";
  await("it is the last", [&] { return rollctl({"logs", "web", "-n", "1"}).out == "1 an error\n"; });
  const Said released = rollctl({"logs", "web", "--release", "v1", "--timestamps", "-n", "1"});
  EXPECT_THAT(released, AllOf(Says("1 ~20"), Says("Z an error")));
  EXPECT_THAT(rollctl({"logs", "web", "--release", "v2"}).out, IsEmpty());
  EXPECT_THAT(rollctl({"logs", "web", "--since", "10m"}), Says("an error"));
  EXPECT_THAT(rollctl({"logs", "web", "--until", "10m"}).out, IsEmpty());
  EXPECT_THAT(rollctl({"logs", "web", "--since", "soon"}),
              AllOf(ExitsWith(2), Complains("neither a duration")));
  EXPECT_EQ(rollctl({"logs", "web", "-n", "1", "--instance", "2"}).out, "2 line 5 of 2\n");
  EXPECT_THAT(rollctl({"logs", "web", "-n", "0"}).out, IsEmpty());
  EXPECT_THAT(rollctl({"logs", "web", "--instance", "77"}), AllOf(ExitsWith(6), Complains("77")));
  const auto lines = rollctl({"logs", "web", "-n", "6", "--json"}).lines();
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[5]["line"], "an error");
  EXPECT_EQ(lines[5]["time_estimated"], true);
}

TEST_F(LogsTest, FollowingGoesOnWhenTheLogIsTruncatedReplacedOrRemoved) {
  deploy_logging();
  const std::string log = path("log/web/1.log");
  ChildProcess logs = start({"logs", "web", "-f", "-n", "1"});
  ASSERT_TRUE(logs.await_output("line 5 of", kLong));
  std::filesystem::resize_file(log, 0);  // as logrotate does with copytruncate
  std::ofstream(log, std::ios::app)
      << "after the truncation, and longer than what was there before it was cut: "
         "that cannot be told by its size\n";
  ASSERT_TRUE(logs.await_output("cannot be told by its size\n", kLong));
  std::filesystem::rename(log, log + ".1");
  std::ofstream(log) << "a new file\n";
  ASSERT_TRUE(logs.await_output("1 a new file\n", kLong));
  EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"remove", "web"}), ExitsWith(0));
  ASSERT_THAT(rollctl({"deploy", "web", "v2"}), ExitsWith(0));
  ASSERT_TRUE(logs.await_output("1 line 5 of 1\n", kLong));
  ASSERT_TRUE(logs.send_signal(SIGINT));
  EXPECT_THAT(finish(logs), ExitsWith(0));
}

TEST_F(LogsTest, FollowingMayBeginBeforeTheFirstDeploy) {
  write_app(StubApp{});
  ChildProcess logs = start({"logs", "web", "-f"});
  deploy_logging();
  ASSERT_TRUE(logs.await_output("1 line 5 of 1\n", kLong));
  ASSERT_TRUE(logs.send_signal(SIGINT));
  EXPECT_THAT(finish(logs), ExitsWith(0));
}

TEST_F(LogsTest, FollowingShowsWhatIsAddedAndTheNextInstances) {
  deploy_logging();
  ChildProcess logs = start({"logs", "web", "-f", "-n", "1"});
  ASSERT_TRUE(logs.await_output("line 5 of", kLong));
  std::ofstream(path("log/web/1.log"), std::ios::app) << "something new\n";
  ASSERT_TRUE(logs.await_output("1 something new\n", kLong));
  EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(0));
  ASSERT_TRUE(logs.await_output("4 line 5 of 4\n", kLong));
  ASSERT_TRUE(logs.send_signal(SIGINT));
  EXPECT_THAT(finish(logs), ExitsWith(0));
}

TEST_F(CommandsTest, AnAppThatWasDeployedByItsPathIsNamedByIt) {
  std::filesystem::create_directory(path("elsewhere"));
  write(path("elsewhere/web.toml"), text_of(StubApp{}));
  ASSERT_THAT(rollctl({"deploy", path("elsewhere/web.toml"), "v1"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"deploy", "web", "v2"}),
              AllOf(ExitsWith(6), Complains("web has no app file"),
                    Complains("it was deployed from " + path("elsewhere/web.toml"))));
}

TEST_F(CommandsTest, HelpIsAWordAsWell) {
  EXPECT_EQ(rollctl({"help"}).out, rollctl({"--help"}).out);
  EXPECT_EQ(rollctl({"help", "deploy"}).out, rollctl({"deploy", "--help"}).out);
}

TEST_F(CommandsTest, ANumberThatIsNoneIsNamed) {
  write_app(StubApp{});
  EXPECT_THAT(rollctl({"history", "web", "-n", "-1"}),
              AllOf(ExitsWith(2), Complains("-n: must be a whole number of at least 1, not '-1'")));
  EXPECT_THAT(rollctl({"logs", "web", "-n", "99999999999"}), AllOf(ExitsWith(2), Complains("too large")));
}

TEST_F(CommandsTest, CheckTellsOfScriptsThatCannotBeExecuted) {
  write(path("hook.sh"), "#!/bin/sh\r\nexit 0\r\n");
  chmod(path("hook.sh").c_str(), 0755);
  write_app(StubApp{.tables = "[hooks]\nafter_deploy = [\"" + path("hook.sh") + "\"]\n"});
  EXPECT_THAT(rollctl({"check", "web"}), AllOf(ExitsWith(2), Complains("ends with a carriage return")));
  write(path("hook.sh"), "#!/bin/sh\nexit 0\n");
  EXPECT_THAT(rollctl({"check", "web"}), ExitsWith(0));
}

TEST_F(CommandsTest, FewDescriptorsAreSaidToBeFew) {
  deploy("v1", {.instances = 4});
  for (int files = 4; files < 40; files += 3) {
    run_below({"prlimit", "--nofile=" + std::to_string(files)});
    const Said said = rollctl({"status", "web"});
    run_below({});
    EXPECT_EQ(said.err.find("[warn]"), std::string::npos) << said.err;
    if (said.exit == ChildExit::with_code(0))
      EXPECT_THAT(said, Says("4 of 4 instances")) << files;
    else
      EXPECT_THAT(said, Complains("Too many open files")) << files;
  }
}

TEST_F(CommandsTest, CheckFindsNothingWrongAndTouchesNothing) {
  write_app(StubApp{});
  EXPECT_THAT(rollctl({"check", "web"}),
              AllOf(ExitsWith(0), Says("no problems found; handover: steer; launcher: direct")));
  const json checked = rollctl({"check", "web", "--json"}).lines().front();
  EXPECT_EQ(checked["v"], 1);
  EXPECT_EQ(checked["ok"], true);
  EXPECT_EQ(checked["findings"], json::array());
  EXPECT_TRUE(std::filesystem::is_empty(path("state")));
  EXPECT_TRUE(std::filesystem::is_empty(path("run")));
  deploy("v1", {.instances = 2});
  EXPECT_THAT(rollctl({"check", "web"}), ExitsWith(0));
  write_app(StubApp{.listen = {"[::]:8080"}});
  const json found = rollctl({"check", "web", "--json"}).lines().front();
  EXPECT_EQ(found["ok"], false);
  EXPECT_EQ(found["findings"].size(), 1U) << found;
}

TEST_F(CommandsTest, CheckBeforeTheFirstDeployLooksAtAllButTheRelease) {
  std::filesystem::create_directory(path("r1"));
  std::filesystem::create_directory_symlink("r1", path("current"));
  const std::string text = "command = [\"/bin/sh\", \"" + path("{release}/web.sh") + "\"]\nlisten = [\"" +
                           kAddress + "\"]\nworkdir = \"" + path("current") + "\"\n";
  write_app(text);
  EXPECT_THAT(rollctl({"check", "web"}),
              AllOf(ExitsWith(0), Says("workdir: " + path("current") + " is pinned to " + path("r1"))));
  EXPECT_EQ(rollctl({"check", "web", "--json"}).lines().front()["pinned"],
            json::array({{{"key", "workdir"}, {"path", path("current")}, {"target", path("r1")}}}));
  write_app("user = \"no-such-user\"\n" + text + "[hooks]\nafter_deploy = [\"/nowhere/hook\"]\n");
  EXPECT_THAT(rollctl({"check", "web"}),
              AllOf(ExitsWith(2), Complains("no-such-user"), Complains("\"/nowhere/hook\"")));
}

TEST_F(CommandsTest, HistoryShowsWhatEachGenerationRuns) {
  write_app(StubApp{.keys = "workdir = \"" + path("current") + "\""});
  for (const char* release : {"v1", "v2"}) {
    std::filesystem::create_directory(path(release));
    std::filesystem::remove(path("current"));
    std::filesystem::create_directory_symlink(release, path("current"));
    ASSERT_THAT(rollctl({"deploy", "web", release}), ExitsWith(0));
  }
  const json changes = rollctl({"history", "web", "--json"}).lines().front()["changes"];
  EXPECT_EQ(changes[0]["runs"]["workdir"], path("v2"));
  EXPECT_EQ(changes[1]["runs"]["workdir"], path("v1"));
  EXPECT_THAT(rollctl({"history", "web", "-v"}), AllOf(Says("RUNS"), Says("(in " + path("v1") + ")")));
  EXPECT_THAT(rollctl({"history", "web"}), testing::Not(Says("RUNS")));
}

TEST_F(CommandsTest, RecoverWithNothingToDoSaysSo) {
  deploy("v1");
  const json before = instance_of("v1");
  EXPECT_THAT(rollctl({"recover", "web"}), AllOf(ExitsWith(0), Says("v1 serves with 1 instance")));
  EXPECT_EQ(instance_of("v1")["pid"], before["pid"]);
  expect_only("v1");
}

TEST_F(CommandsTest, HelpFitsATerminalGroupsItsOptionsAndEndsWithTwoExamples) {
  const std::string all = rollctl({"--help"}).out;
  std::vector<std::string> helps{all};
  std::istringstream lines(
      all.substr(all.find("Subcommands:\n") + 13, all.find("\nOptions:") - all.find("Subcommands:\n") - 13));
  for (std::string line; std::getline(lines, line);) {
    const std::string command = line.substr(2, line.find(' ', 2) - 2);
    helps.push_back(rollctl({command, "--help"}).out);
    const std::string& help = helps.back();
    EXPECT_NE(help.find("\nOutput:\n  -"), std::string::npos) << command;
    const std::string examples = help.substr(help.rfind("\nExamples:\n") + 11);
    EXPECT_EQ(std::count(examples.begin(), examples.end(), '\n'), 2) << help;
    EXPECT_TRUE(examples.starts_with("  rollctl " + command)) << help;
  }
  EXPECT_GT(helps.size(), 20U);
  for (const std::string& help : helps) {
    std::istringstream text(help);
    for (std::string line; std::getline(text, line);) EXPECT_LE(line.size(), 80U) << line;
  }
  for (const char* heading : {"Instances:", "Traffic:", "The change:", "Output:"})
    EXPECT_THAT(rollctl({"deploy", "--help"}), Says(heading));
}

TEST_F(CommandsTest, HelpAndVersionAreForEveryone) {
  EXPECT_THAT(rollctl({"--help"}), AllOf(ExitsWith(0), Says("deploy"), Says("rollback"), Says("recover")));
  EXPECT_THAT(rollctl({"--version"}), AllOf(ExitsWith(0), Says("rollctl ")));
  for (const char* command : {"deploy", "rollback", "restart", "scale", "start", "stop", "remove", "status",
                              "history", "logs", "check", "recover"})
    EXPECT_THAT(rollctl({command, "--help"}),
                AllOf(ExitsWith(0), Says("Usage: rollctl " + std::string(command)), Says("--json")))
        << command;
}

}  // namespace rollctl::test
