// SPDX-License-Identifier: MIT
// An operator's day: freeze, one-off programs, two operators at once.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class OperatorTest : public AppTest {};

TEST_F(OperatorTest, AFrozenAppRefusesEveryChangeButTheWaysOut) {
  deploy("v1");
  deploy("v2");
  EXPECT_THAT(rollctl({"freeze", "web", "sale until Monday"}),
              AllOf(ExitsWith(0), Says("web: frozen: sale until Monday")));
  const auto is_refused =
      AllOf(ExitsWith(5), Complains("web has been frozen by "), Complains("sale until Monday"));
  for (const std::vector<std::string>& command : {std::vector<std::string>{"deploy", "web", "v3"},
                                                  {"restart", "web"},
                                                  {"scale", "web", "3"},
                                                  {"canary", "web", "10%"},
                                                  {"promote", "web"},
                                                  {"remove", "web"}})
    EXPECT_THAT(rollctl(command), is_refused) << command.front();
  EXPECT_EQ(status()["frozen"]["reason"], "sale until Monday");
  EXPECT_THAT(rollctl({"status", "web"}), AllOf(ExitsWith(0), Says("frozen: sale until Monday")));
  EXPECT_THAT(rollctl({"rollback", "web"}), ExitsWith(0));
  for (const char* command : {"stop", "start", "recover"})
    EXPECT_THAT(rollctl({command, "web"}), ExitsWith(0)) << command;
  EXPECT_THAT(rollctl({"thaw", "web"}), AllOf(ExitsWith(0), Says("web: thawed")));
  EXPECT_EQ(status()["frozen"], nullptr);
  EXPECT_THAT(rollctl({"thaw", "web"}), AllOf(ExitsWith(0), Says("was not frozen")));
  EXPECT_THAT(rollctl({"deploy", "web", "v3"}), ExitsWith(0));
}

TEST_F(OperatorTest, AProgramRunsAsTheServersOfItsRelease) {
  write(path("web.env"), "COLOR=red\n");
  const StubApp app{.keys = "env_file = \"" + path("web.env") + "\"\nworkdir = \"" + dir_ +
                            "\"\nenv = { HERE = \"{release}\", MINE = \"{instance}\" }\n"};
  write_app(app);
  const std::vector<std::string> tell{"--", "/bin/sh", "-c",
                                      "echo $ROLL_APP $ROLL_RELEASE $COLOR $HERE .$MINE. $PWD"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"run", "web"});
    arguments.insert(arguments.end(), tell.begin(), tell.end());
    return rollctl(arguments);
  };
  EXPECT_THAT(run({}), AllOf(ExitsWith(2), Complains("web was never deployed: RELEASE is missing")));
  EXPECT_EQ(run({"v1"}).out, "web v1 red v1 .. " + dir_ + "\n") << "before the first deploy";
  deploy("v1", app);
  write(path("web.env"), "COLOR=blue\n");
  EXPECT_EQ(run({}).out, "web v1 red v1 .. " + dir_ + "\n") << "what serves";
  EXPECT_EQ(run({"v2"}).out, "web v2 blue v2 .. " + dir_ + "\n") << "what would be deployed";
  EXPECT_THAT(rollctl({"run", "web", "--", "/bin/sh", "-c", "exit 42"}), ExitsWith(42));
  EXPECT_THAT(rollctl({"run", "web", "--", "/nowhere"}),
              AllOf(ExitsWith(1), Complains("cannot start \"/nowhere\"")));
  EXPECT_THAT(rollctl({"run", "web"}), AllOf(ExitsWith(2), Complains("the command is missing")));
}

TEST_F(OperatorTest, ASignalReachesTheProgramThatRuns) {
  deploy("v1");
  ChildProcess run =
      start({"run", "web", "--", "/bin/sh", "-c", "touch " + path("runs") + "; sleep 3600; true"});
  await("it runs", [&] { return std::filesystem::exists(path("runs")); });
  ASSERT_TRUE(run.send_signal(SIGTERM));
  EXPECT_THAT(finish(run), ExitsWith(128 + SIGTERM));
  await("its child has ended", [] { return residents_called("sleep 3600").empty(); });
}

TEST_F(OperatorTest, ASecondChangeWaitsForTheFirstIfItIsToldTo) {
  deploy("v1");
  ASSERT_EQ(::mkfifo(path("go").c_str(), 0600), 0);
  write_app(StubApp{.tables = "[hooks]\nbefore_deploy = [\"/bin/cat\", \"" + path("go") + "\"]\n"});
  ChildProcess first = start({"deploy", "web", "v2"});
  await("the hook runs", [&] { return !residents_called("cat " + path("go")).empty(); });
  write_app(StubApp{});
  EXPECT_THAT(rollctl({"deploy", "web", "v3"}), ExitsWith(5));
  EXPECT_THAT(rollctl({"deploy", "web", "v3", "--wait-lock", "200ms"}),
              AllOf(ExitsWith(5), Complains("waiting for it, at most 200ms")));
  ChildProcess second = start({"deploy", "web", "v3", "--wait-lock", "5m", "--json"});
  const json waiting = await_event(second, "warning");
  EXPECT_THAT(waiting["message"].get<std::string>(), HasSubstr("`rollctl deploy web v2`"));
  std::ofstream(path("go")) << "over\n";
  EXPECT_THAT(finish(first), ExitsWith(0));
  EXPECT_THAT(finish(second), ExitsWith(0));
  EXPECT_EQ(status()["release"], "v3");
}

TEST_F(OperatorTest, DiffShowsWhatADeployWouldChange) {
  write_app(StubApp{.keys = "env = { COLOR = \"red\", API_TOKEN = \"hidden-1\" }\n"});
  EXPECT_THAT(rollctl({"diff", "web", "v1"}),
              AllOf(ExitsWith(0), Says("web: nothing -> v1"), Says("env.COLOR")));
  deploy("v1", {.keys = "env = { COLOR = \"red\", API_TOKEN = \"hidden-1\" }\n"});
  EXPECT_THAT(rollctl({"diff", "web"}),
              AllOf(ExitsWith(0), Says("web: v1 (generation 1) -> v1: no differences")));
  write_app(StubApp{.keys = "env = { COLOR = \"blue\", API_TOKEN = \"hidden-2\" }\n"});
  const auto tells =
      AllOf(ExitsWith(0), Says("  release: v1 -> v2"), Says("  env.COLOR: \"red\" -> \"blue\""),
            Says("env.API_TOKEN: *** -> *** (another value)"));
  const Said said = rollctl({"diff", "web", "v2"});
  EXPECT_THAT(said, tells);
  EXPECT_EQ(said.out.find("hidden"), std::string::npos);
  EXPECT_THAT(rollctl({"deploy", "web", "v2", "--dry-run"}), tells);
  const json differences = json::parse(rollctl({"diff", "web", "v2", "--json"}).out)["differences"];
  EXPECT_EQ(differences[0], json({{"key", "release"}, {"before", "v1"}, {"after", "v2"}}));
  EXPECT_EQ(json::parse(rollctl({"deploy", "web", "v2", "--dry-run", "--json"}).out)["differences"],
            differences);
}

TEST_F(OperatorTest, HistoryShowsOneGenerationWhole) {
  deploy("v1", {.keys = "env = { COLOR = \"red\", API_TOKEN = \"hidden\" }\n"});
  deploy("v2");
  const Said said = rollctl({"history", "web", "1"});
  EXPECT_THAT(said, AllOf(ExitsWith(0), Says("generation 1 ran:"), Says("env.COLOR = \"red\""),
                          Says("env.API_TOKEN = ***"), Says("listen = [")));
  EXPECT_EQ(said.out.find("hidden"), std::string::npos);
  EXPECT_EQ(said.out.find("v2"), std::string::npos);
  const json generation = json::parse(rollctl({"history", "web", "1", "--json"}).out);
  EXPECT_EQ(generation["generation"], 1);
  EXPECT_EQ(generation["settings"]["env.COLOR"], "\"red\"");
  EXPECT_EQ(generation["changes"].size(), 1U);
  EXPECT_THAT(rollctl({"history", "web", "9"}), AllOf(ExitsWith(6), Complains("web has no generation 9")));
  EXPECT_THAT(rollctl({"history", "web", "x"}), AllOf(ExitsWith(2), Complains("must be a whole number")));
}

TEST_F(OperatorTest, OldFilesGoAndWhatARollbackNamesStays) {
  const StubApp app{.tables =
                        "[keep]\ngenerations = 3\nlogs = \"1d\"\n[hooks]\nafter_deploy = [\"/bin/sh\", "
                        "\"-c\", \"echo $ROLL_OBSOLETE_RELEASES > " +
                        path("obsolete") + "\"]\n"};
  for (const char* release : {"v1", "v2", "v3"}) deploy(release, app);
  EXPECT_EQ(read(path("obsolete")), "\n");
  const auto is_kept = [this](int generation) {
    return std::filesystem::exists(path("state/web/generations/" + std::to_string(generation) + ".json"));
  };
  std::filesystem::last_write_time(path("log/web/1.log"),
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  deploy("v4", app);
  EXPECT_EQ(read(path("obsolete")), "v1\n");
  EXPECT_FALSE(is_kept(1));
  for (int generation : {2, 3, 4}) EXPECT_TRUE(is_kept(generation)) << generation;
  EXPECT_FALSE(std::filesystem::exists(path("log/web/1.log")));
  EXPECT_TRUE(std::filesystem::exists(path("log/web/2.log")));
  // Restarts push generations out, but not the target of a rollback.
  for (int i = 0; i < 4; ++i) ASSERT_THAT(rollctl({"restart", "web"}), ExitsWith(0));
  EXPECT_TRUE(is_kept(3));
  EXPECT_FALSE(is_kept(2));
  EXPECT_THAT(rollctl({"rollback", "web", "--to-generation", "2"}),
              AllOf(ExitsWith(6), Complains("is missing")));
  EXPECT_THAT(rollctl({"rollback", "web"}), ExitsWith(0));
  EXPECT_EQ(status()["release"], "v3");
}

}  // namespace rollctl::test
