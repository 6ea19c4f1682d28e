// SPDX-License-Identifier: MIT
// Errors in user input are found before anything changes, and the message names the place.
#include <filesystem>

#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class BadInputTest : public AppTest {
 protected:
  // Expects exit status 2, v1 still serving and no trace of the attempt.
  void expect_refused(const std::string& app_file, const std::vector<std::string>& words) {
    write_app(StubApp{});
    if (!std::filesystem::exists(journal_path())) deploy("v1");
    const std::string before = read(journal_path());
    write_app(app_file);
    const Said said = rollctl({"deploy", "web", "v2"});
    EXPECT_THAT(said, ExitsWith(2));
    for (const std::string& word : words) EXPECT_THAT(said, Complains(word));
    EXPECT_THAT(said.out, IsEmpty());
    EXPECT_EQ(read(journal_path()), before);
    const auto answer = get();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->release, "v1");
  }
  [[nodiscard]] std::string with(const std::string& lines) const { return text_of({.tables = lines}); }
  [[nodiscard]] std::string with_key(const std::string& line) const { return text_of({.keys = line}); }
};

TEST_F(BadInputTest, AMissingAppFileIsSaidWithTheWayOut) {
  const Said said = rollctl({"deploy", "web", "v1"});
  EXPECT_THAT(said, ExitsWith(6));
  EXPECT_THAT(said, AllOf(Complains("no such app 'web'"), Complains(app_path()), Complains("hint:")));
  EXPECT_TRUE(std::filesystem::is_empty(path("state")));
  EXPECT_TRUE(std::filesystem::is_empty(path("run")));
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(6));
}

TEST_F(BadInputTest, AMissingAppSuggestsTheOneThatWasMeant) {
  write_app(StubApp{});
  EXPECT_THAT(rollctl({"status", "wbe"}), AllOf(ExitsWith(6), Complains("did you mean web?")));
}

TEST_F(BadInputTest, AnAppFileThatIsNoTomlIsRefusedWithItsLine) {
  expect_refused("listen = [\":8080\"]\ncommand = [\"x\"\n", {app_path() + ":", "invalid TOML"});
}

// An app has the name of its file: the second one's deploy would drain the first one's instances.
TEST_F(BadInputTest, ASecondFileOfTheSameNameIsNotTheApp) {
  write_app(StubApp{});
  deploy("v1");
  std::filesystem::create_directory(path("other"));
  const std::string other = path("other/web.toml");
  write(other, text_of(StubApp{}));
  for (const auto& command : std::vector<std::vector<std::string>>{
           {"deploy", other, "v2"}, {"restart", other}, {"stop", other}, {"rollback", other}}) {
    EXPECT_THAT(rollctl(command),
                AllOf(ExitsWith(2), Complains(other + " is not the app file that web was deployed from"),
                      Complains(app_path()), Complains("hint: an app has the name of its file")));
  }
  EXPECT_EQ(get()->release, "v1");
  // Another spelling, and a file that has moved.
  EXPECT_THAT(rollctl({"deploy", path("other/../config/web.toml"), "v2"}), ExitsWith(0));
  std::filesystem::remove(app_path());
  EXPECT_THAT(rollctl({"deploy", other, "v3"}), ExitsWith(0));
  EXPECT_EQ(get()->release, "v3");
}

TEST_F(BadInputTest, AnUnknownKeyIsRefusedWithTheNearestOne) {
  expect_refused(with_key("instnces = 2"), {app_path() + ":4", "\"instnces\"", "\"instances\""});
}

TEST_F(BadInputTest, AnUnknownPlaceholderIsRefusedWithTheNearestOne) {
  expect_refused(with_key("workdir = \"/srv/{relase}\""), {app_path() + ":4", "{relase}", "{release}"});
}

TEST_F(BadInputTest, AWrongTypeIsRefused) {
  expect_refused(with("[drain]\ndeadline = 60"), {app_path() + ":", "drain.deadline", "10s"});
}

TEST_F(BadInputTest, AValueThatIsNoneIsRefused) {
  expect_refused(with("[drain]\nsignal = \"SIGTREM\""), {app_path() + ":", "drain.signal", "SIGTREM"});
}

TEST_F(BadInputTest, AnAbsentProgramIsRefusedBeforeAnythingStarts) {
  expect_refused("command = [\"/srv/no/web\"]\nlisten = [\"127.0.0.1:8080\"]\n",
                 {app_path(), "command", "/srv/no/web", "No such file or directory"});
}

TEST_F(BadInputTest, AProgramThatMayNotBeExecutedIsRefused) {
  write(path("web.sh"), "#!/bin/sh\n");
  expect_refused("command = [\"" + path("web.sh") + "\"]\nlisten = [\"127.0.0.1:8080\"]\n",
                 {"Permission denied", "chmod +x"});
}

TEST_F(BadInputTest, AnUnknownUserIsRefused) {
  expect_refused(with_key("user = \"nobody-here\""), {app_path(), "user", "nobody-here"});
}

TEST_F(BadInputTest, AnAbsentWorkdirIsRefused) {
  expect_refused(with_key("workdir = \"/srv/none\""), {app_path(), "workdir", "/srv/none"});
}

TEST_F(BadInputTest, AnAppFileThatOthersMayWriteIsRefused) {
  write_app(StubApp{});
  chmod(app_path().c_str(), 0666);
  const Said said = rollctl({"deploy", "web", "v1"});
  EXPECT_TRUE(said.exit == ChildExit::with_code(2) || said.exit == ChildExit::with_code(7))
      << said.exit.text();
  EXPECT_THAT(said, Complains(app_path()));
}

TEST_F(BadInputTest, AMissingReleaseIsAskedFor) {
  write_app(with_key("env = { R = \"{release}\" }"));
  EXPECT_THAT(rollctl({"deploy", "web"}),
              AllOf(ExitsWith(2), Complains("RELEASE is missing"), Complains("hint:")));
}

TEST_F(BadInputTest, AReleaseThatIsNoNameIsRefused) {
  write_app(StubApp{});
  EXPECT_THAT(rollctl({"deploy", "web", "../v1"}), AllOf(ExitsWith(2), Complains("../v1")));
  EXPECT_THAT(rollctl({"deploy", "Web!", "v1"}), AllOf(ExitsWith(2), Complains("Web!")));
}

TEST_F(BadInputTest, AFirstDeployThatIsRefusedLeavesNothingBehind) {
  write_app(with_key("instnces = 2"));
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(2));
  EXPECT_TRUE(std::filesystem::is_empty(path("state")));
  EXPECT_TRUE(std::filesystem::is_empty(path("run")));
}

struct Refused {
  std::vector<std::string> arguments;
  std::string complaint;
};

TEST_F(BadInputTest, WhatMakesNoSenseOnTheCommandLineIsRefused) {
  const Refused table[] = {
      {{}, "rollctl --help"},
      {{"depoly", "web"}, "rollctl deploy"},
      {{"sttaus"}, "rollctl status"},
      {{"deploy"}, "APP is required"},
      {{"deploy", "web", "v1", "--bach", "2"}, "--bach"},
      {{"deploy", "web", "v1", "--batch", "0"}, "--batch"},
      {{"deploy", "web", "v1", "--instances", "none"}, "--instances"},
      {{"deploy", "web", "v1", "--bake", "soon"}, "--bake"},
      {{"deploy", "web", "v1", "--listen", "8080"}, "--listen"},
      {{"deploy", "web", "v1", "--listen", "udp://:53"}, "--listen"},
      {{"deploy", "web", "v1", "--ready", "http:readyz"}, "--ready"},
      {{"deploy", "web", "v1", "--ready", "magic"}, "--ready"},
      {{"deploy", "web", "v1", "--handover", "magic"}, "--handover"},
      {{"deploy", "web", "v1", "-q", "-v"}, "excludes"},
      {{"stop", "web", "--batch", "2"}, "--batch"},
      {{"stop", "web", "--ready-deadline", "2s"}, "--ready-deadline"},
      {{"status", "web", "--strict"}, "--strict"},
      {{"restart", "web", "--instances", "2"}, "--instances"},
      {{"rollback", "web", "--to", "v1", "--to-generation", "1"}, "--to"},
      {{"scale", "web"}, "N"},
      {{"scale", "web", "none"}, "none"},
      {{"scale", "web", "0"}, "0"},
      {{"restart", "web", "--", "./web"}, "after `--`"},
      {{"history", "web", "-n", "0"}, "-n"},
      {{"remove", "web", "--note", "x"}, "--note"},
  };
  for (const Refused& refused : table) {
    const Said said = rollctl(refused.arguments);
    const std::string given = json(refused.arguments).dump();
    EXPECT_TRUE(said.exit == ChildExit::with_code(2) || refused.arguments.back() == "udp://:53") << given;
    EXPECT_THAT(said.err, HasSubstr(refused.complaint)) << given;
    EXPECT_THAT(said.out, IsEmpty()) << given;
  }
  EXPECT_TRUE(std::filesystem::is_empty(path("state")));
}

TEST_F(BadInputTest, AnUnknownOptionSuggestsTheOneThatWasMeant) {
  EXPECT_THAT(rollctl({"deploy", "web", "v1", "--bach", "2"}), AllOf(ExitsWith(2), Complains("--batch")));
}

TEST_F(BadInputTest, ErrorsAreObjectsWithJson) {
  const Said said = rollctl({"deploy", "web", "v1", "--json"});
  EXPECT_THAT(said, ExitsWith(6));
  EXPECT_THAT(said.err, IsEmpty());
  ASSERT_EQ(said.lines().size(), 1U);
  const json error = said.lines().front();
  EXPECT_EQ(error["v"], 1);
  EXPECT_EQ(error["event"], "error");
  EXPECT_EQ(error["exit"], 6);
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("web"));
  EXPECT_TRUE(error.contains("hint"));
  EXPECT_EQ(rollctl({"depoly", "--json"}).event("error")["exit"], 2);
}

// --- Ports ---

class BadPortTest : public BadInputTest {
 protected:
  ChildProcess start_stranger(const std::string& address, std::optional<uid_t> uid = {}) {
    ChildSpec spec{.argv = {program_path("stub_server"), "--listen", address}};
    spec.uid = uid;
    auto child = ChildProcess::spawn(spec);
    EXPECT_TRUE(child) << child.error().message;
    await("the stranger listens", [&] { return connect_client(address).has_value(); });
    return std::move(*child);
  }
};

TEST_F(BadPortTest, APortInUseByAStrangerFailsWithHisName) {
  ChildProcess stranger = start_stranger(kAddress);
  const Said said = try_deploy("v1", {});
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_THAT(said, AllOf(Complains("127.0.0.1:8080 is in use by stub_server"),
                          Complains(std::to_string(stranger.pid())), Complains("hint: stop it first")));
  EXPECT_THAT(rollctl({"check", "web"}), AllOf(ExitsWith(1), Complains("is in use by stub_server")));
  EXPECT_TRUE(get()) << "the stranger serves on";
  EXPECT_EQ(status()["instances"], json::array());
  ASSERT_TRUE(stranger.stop(SIGTERM, kLong));
  deploy("v1");
  expect_only("v1");
}

TEST_F(BadPortTest, APortInUseByAnotherUserFailsWithHisName) {
  ChildProcess stranger = start_stranger(kAddress, 65534);
  const Said said = try_deploy("v1", {});
  EXPECT_THAT(said, AllOf(ExitsWith(1), Complains("127.0.0.1:8080 is in use by stub_server")));
  EXPECT_TRUE(get()) << "the stranger serves on";
  EXPECT_EQ(status()["instances"], json::array());
}

TEST_F(BadPortTest, AnotherUserThanTheOldOnesFailsBeforehandAndTheOldServesOn) {
  deploy("v1");
  const StubApp other{.keys = "user = \"nobody\""};
  chmod(path("servers.jsonl").c_str(), 0666);
  const Said said = try_deploy("v2", other);
  EXPECT_THAT(said, AllOf(ExitsWith(1), Complains("user 0"), Complains("nobody")));
  EXPECT_THAT(rollctl({"check", "web"}), AllOf(ExitsWith(1), Complains("as user 0"), Complains("nobody")));
  EXPECT_EQ(get()->release, "v1");
  expect_only("v1");
}

TEST_F(BadPortTest, AnotherWildcardThanTheOldOnesFailsAndTheOldServesOn) {
  deploy("v1", {.listen = {"0.0.0.0:8080"}});
  const Said said = try_deploy("v2", {.listen = {"[::]:8080"}});
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_THAT(rollctl({"check", "web"}),
              AllOf(ExitsWith(1), Complains("two groups"), Complains("0.0.0.0:8080")));
  EXPECT_EQ(get()->release, "v1");
  expect_only("v1");
}

TEST_F(BadPortTest, AServerOnAnotherWildcardThanItWasToldFailsWithBothNames) {
  deploy("v1", {.listen = {"0.0.0.0:8080"}});
  const Said said = try_deploy("v2", {.behaviours = {"listen-on=[::]:8080"}, .listen = {":8080"}},
                               {"--ready-deadline", "2s"});
  EXPECT_THAT(said, AllOf(ExitsWith(1), Complains("[::]:8080"), Complains("0.0.0.0:8080")));
  EXPECT_EQ(get()->release, "v1");
  expect_only("v1");
}

TEST_F(BadPortTest, AServerThatListensElsewhereFailsWithWhereItShould) {
  deploy("v1");
  const Said said =
      try_deploy("v2", {.behaviours = {"listen-on=127.0.0.1:9999"}}, {"--ready-deadline", "500ms"});
  EXPECT_THAT(said, AllOf(ExitsWith(1), Complains("does not listen on 127.0.0.1:8080")));
  expect_only("v1");
}

TEST_F(BadPortTest, AServerThatOpensOnlyOneOfItsAddressesFails) {
  const std::vector<std::string> both{kAddress, "[::1]:8080"};
  deploy("v1", {.listen = both});
  const Said said =
      try_deploy("v2", {.behaviours = {"first-address-only"}, .listen = both}, {"--ready-deadline", "500ms"});
  EXPECT_THAT(said, AllOf(ExitsWith(1), Complains("[::1]:8080")));
  EXPECT_EQ(get("[::1]:8080")->release, "v1");
  expect_only("v1");
}

}  // namespace rollctl::test
