// SPDX-License-Identifier: MIT
// The exact piped output. Times and pids differ between runs and are replaced by <time> and <pid>.
#include <regex>

#include "support/app_fixture.h"

namespace rollctl::test {

class OutputTest : public AppTest {
 protected:
  [[nodiscard]] std::string settled(std::string text) const {
    text = std::regex_replace(text, std::regex(R"(\d+(\.\d+)? (ms|s)\b)"), "<time>");
    text = std::regex_replace(text, std::regex(R"(pid \d+)"), "pid <pid>");
    text = std::regex_replace(text, std::regex(R"(stub_server\[\d+\])"), "stub_server[<pid>]");
    return std::regex_replace(text, std::regex(dir_), "<dir>");
  }
};

TEST_F(OutputTest, OfADeployIsProgressOnStderrAndASummaryOnStdout) {
  deploy("v1");
  const Said said = try_deploy("v2", {});
  EXPECT_EQ(settled(said.err), R"(web: deploying v2 with 1 instance (v1 serves), handover steer
web: instance 2: v2 started, pid <pid>
web: instance 2: ready after <time>
web: traffic shifted: in 2, out 1
web: instance 1: settled after <time>
web: instance 1: draining, 0 connections open, at most 1m
web: instance 1: drained after <time>, exited with 0
)");
  EXPECT_EQ(settled(said.out), "web: v2 serves with 1 instance (was v1), 0 connections cut, <time>\n");
}

TEST_F(OutputTest, OfAQuietDeployIsNothing) {
  deploy("v1");
  const Said said = try_deploy("v2", {}, {"--quiet"});
  EXPECT_EQ(said.err, "");
  EXPECT_EQ(said.out, "");
}

TEST_F(OutputTest, OfAFailureSaysWhatWasTriedOnWhatWhyTheLogAndWhatServes) {
  deploy("v1");
  const Said said = try_deploy("v2", {.behaviours = {"no-reuseport"}});
  EXPECT_EQ(settled(said.err), R"(web: deploying v2 with 1 instance (v1 serves), handover steer
web: instance 2: v2 started, pid <pid>
web: instance 2: the server exited with 1
web: instance 2: draining, 0 connections open, at most 5s
web: instance 2: drained after <time>, exited with 1
rollctl: web: cannot deploy v2: instance 2: the server exited with 1
  the last lines that instance 2 logged:
    | stub_server[<pid>]: cannot bind 127.0.0.1:8080: Address already in use
  v1 serves as before with 1 instance
)");
  EXPECT_EQ(settled(said.out),
            "web: v2 was not deployed, v1 serves as before with 1 instance, 0 connections cut, <time>\n");
}

TEST_F(OutputTest, OfOtherChangesIsOneSummaryLine) {
  deploy("v1");
  deploy("v2");
  const std::pair<std::vector<std::string>, const char*> table[] = {
      {{"rollback", "web"},
       "web: v1 serves with 1 instance (rolled back from v2), 0 connections cut, <time>\n"},
      {{"restart", "web"}, "web: v1 serves with 1 instance (restarted), 0 connections cut, <time>\n"},
      {{"scale", "web", "2"}, "web: v1 serves with 2 instances (scaled), 0 connections cut, <time>\n"},
      {{"scale", "web", "2"}, "web: v1 serves with 2 instances already\n"},
      {{"stop", "web"}, "web: stopped, 0 connections cut, <time>\n"},
      {{"stop", "web"}, "web: stopped already\n"},
      {{"start", "web"}, "web: v1 serves with 2 instances (started), 0 connections cut, <time>\n"},
  };
  for (const auto& [command, summary] : table) EXPECT_EQ(settled(rollctl(command).out), summary);
}

TEST_F(OutputTest, IsFreeOfEscapesWhenPipedAlsoWhereATerminalIsPromised) {
  deploy("v1");
  write_app(StubApp{});
  ChildSpec spec = rollctl_spec({"deploy", "web", "v2"});
  spec.env.emplace_back("TERM=xterm-256color");
  const auto ran = run_child(spec, kLong);
  ASSERT_TRUE(ran);
  EXPECT_EQ((ran->output + ran->errors).find('\033'), std::string::npos);
  EXPECT_EQ((ran->output + ran->errors).find('\r'), std::string::npos);
}

}  // namespace rollctl::test
