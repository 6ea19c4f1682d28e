// SPDX-License-Identifier: MIT
// The findings of doctor depend on its user; it never leaves anything behind.
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

namespace {

constexpr Millis kMostItMayTake{3000};
constexpr uid_t kNobody = 65534;

// Each check by its name.
std::map<std::string, json> checks_of(const Said& said) {
  std::map<std::string, json> checks;
  const auto lines = said.lines();
  EXPECT_EQ(lines.size(), 1U) << said.out;
  if (lines.empty()) return checks;
  for (const json& check : lines.front()["checks"]) checks[check["name"]] = check;
  return checks;
}

// Not possible in a chroot, for example.
bool user_namespaces_can_be_made() {
  ChildSpec spec;
  spec.argv = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "--user", "true"};
  const auto ran = run_child(std::move(spec), kLong);
  return ran && ran->exit == ChildExit::with_code(0);
}

}  // namespace

class DoctorTest : public AppTest {
 protected:
  // `before`: a program and its arguments that executes the rest.
  [[nodiscard]] Said doctor(std::vector<std::string> options, std::vector<std::string> before = {}) const {
    options.insert(options.begin(), "doctor");
    ChildSpec spec = rollctl_spec(std::move(options));
    spec.argv.insert(spec.argv.begin(), before.begin(), before.end());
    const auto begin = std::chrono::steady_clock::now();
    const auto ran = run_child(std::move(spec), kLong);
    if (!ran) {
      ADD_FAILURE() << ran.error().message;
      return {};
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, kMostItMayTake);
    return {ran->exit, ran->output, ran->errors};
  }
  [[nodiscard]] std::vector<std::string> as_nobody() const {
    for (const char* folder : {"run", "state", "log", "config"})
      EXPECT_EQ(::chown(path(folder).c_str(), kNobody, kNobody), 0);
    return {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  }
  // In each of its processes.
  [[nodiscard]] static std::vector<std::string> with_fault(const std::string& call,
                                                           const std::string& fault) {
    return {"strace",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=" + call,
            "-e",
            "inject=" + call + ":" + fault};
  }
  [[nodiscard]] static std::vector<std::string> root_without(const std::string& capabilities) {
    return {"setpriv", "--inh-caps=" + capabilities, "--bounding-set=" + capabilities};
  }
};

TEST_F(DoctorTest, FindsEverythingAsRoot) {
  const Said said = doctor({"--json"});
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_THAT(said.err, IsEmpty());
  const json object = said.lines().front();
  EXPECT_EQ(object["v"], 1);
  EXPECT_EQ(object["handover"], "steer");
  EXPECT_EQ(object["lossless"], true);
  EXPECT_EQ(object["improve"], "");
  const auto checks = checks_of(said);
  for (const char* name : {"steer-ebpf", "steer-classic", "take-listener", "take-as-user", "grace-period",
                           "socket-list", "folders", "shim", "files"}) {
    ASSERT_TRUE(checks.contains(name)) << name;
    EXPECT_EQ(checks.at(name)["ok"], true) << checks.at(name);
    EXPECT_EQ(checks.at(name)["tried"], true) << checks.at(name);
  }
  EXPECT_EQ(checks.at("migrate-wakeup")["tried"], true) << checks.at("migrate-wakeup");
  EXPECT_FALSE(checks.contains("lingering")) << "root has no session";
}

TEST_F(DoctorTest, AnOrdinaryUserSteersWithoutPrivilege) {
  const Said said = doctor({"--json"}, as_nobody());
  EXPECT_THAT(said, ExitsWith(0));
  const json object = said.lines().front();
  EXPECT_EQ(object["handover"], "steer");
  EXPECT_EQ(object["lossless"], true);
  EXPECT_THAT(object["improve"].get<std::string>(), StartsWith("sudo setcap cap_bpf"));
  const auto checks = checks_of(said);
  EXPECT_EQ(checks.at("steer-ebpf")["ok"], false);
  EXPECT_EQ(checks.at("steer-ebpf")["tried"], true);
  EXPECT_EQ(checks.at("steer-classic")["ok"], true) << checks.at("steer-classic");
  EXPECT_EQ(checks.at("steer-classic")["tried"], user_namespaces_can_be_made()) << checks.at("steer-classic");
  EXPECT_EQ(checks.at("take-listener")["ok"], true) << checks.at("take-listener");
  EXPECT_TRUE(checks.contains("lingering"));
}

TEST_F(DoctorTest, RootInAContainerIsToldWhatTheContainerLacks) {
  const Said said = doctor({"--json"}, root_without("-bpf,-sys_admin,-net_admin"));
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_THAT(said.lines().front()["improve"].get<std::string>(), HasSubstr("CAP_BPF"));
  EXPECT_EQ(checks_of(said).at("steer-ebpf")["ok"], false);
}

// CAP_BPF does not apply in the user namespace that the private network needs.
TEST_F(DoctorTest, TheCapabilityAloneIsEnoughToTryTheProgram) {
  std::vector<std::string> before = as_nobody();
  before.insert(before.end(), {"--inh-caps=+bpf,+net_admin", "--ambient-caps=+bpf,+net_admin"});
  const Said said = doctor({"--json"}, before);
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(checks_of(said).at("steer-ebpf")["ok"], true) << checks_of(said).at("steer-ebpf");
  EXPECT_EQ(checks_of(said).at("steer-ebpf")["tried"], user_namespaces_can_be_made());
  EXPECT_EQ(said.lines().front()["improve"], "");
}

TEST_F(DoctorTest, WhereNoNetworkMayBeMadeItSaysThatItDidNotTry) {
  const Said said =
      user_namespaces_can_be_made()
          ? doctor({"--json"}, {"unshare", "--user", "--map-root-user", "sh", "-c",
                                "echo 0 > /proc/sys/user/max_net_namespaces && exec \"$@\"", "sh"})
          : doctor({"--json"}, as_nobody());
  EXPECT_THAT(said, ExitsWith(0));
  const auto checks = checks_of(said);
  EXPECT_EQ(checks.at("steer-classic")["ok"], true);
  EXPECT_EQ(checks.at("steer-classic")["tried"], false);
  EXPECT_THAT(checks.at("steer-classic")["message"].get<std::string>(),
              testing::ContainsRegex("cannot make a (network|user) namespace"));
  EXPECT_EQ(checks.at("migrate-wakeup")["ok"], false);
  EXPECT_EQ(checks.at("migrate-wakeup")["tried"], false);
}

TEST_F(DoctorTest, FailsWhereAFolderIsMissingAndSaysWhatToDo) {
  ChildSpec spec = rollctl_spec({"doctor", "--quiet"});
  spec.uid = kNobody;
  std::erase_if(spec.env, [](const std::string& text) { return text.starts_with("ROLLCTL_RUNTIME_DIR="); });
  spec.env.emplace_back("XDG_RUNTIME_DIR");
  const auto ran = run_child(std::move(spec), kLong);
  ASSERT_TRUE(ran);
  const Said said{ran->exit, ran->output, ran->errors};
  EXPECT_THAT(said, AllOf(ExitsWith(1), Says("no         folders"), Says("XDG_RUNTIME_DIR is not set"),
                          Says("to improve it: "), Says("ROLLCTL_RUNTIME_DIR")));
}

TEST_F(DoctorTest, AFolderThatCannotBeWrittenIsOneThatIsMissing) {
  std::filesystem::permissions(path("state"), std::filesystem::perms(0755));
  ChildSpec spec = rollctl_spec({"doctor", "--json"});
  spec.uid = kNobody;
  const auto ran = run_child(std::move(spec), kLong);
  ASSERT_TRUE(ran);
  const Said said{ran->exit, ran->output, ran->errors};
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_EQ(said.lines().front()["lossless"], false);
  EXPECT_EQ(checks_of(said).at("folders")["message"],
            "cannot write to " + path("run") + ": Permission denied");
}

// Whatever its mode bits say.
TEST_F(DoctorTest, FailsWhereTheShimDoesNotWork) {
  const std::string folder = path("libexec");
  std::filesystem::create_directory(folder);
  std::ofstream(folder + "/roll-shim") << "#!/bin/sh\necho broken >&2\nexit 3\n";
  std::filesystem::permissions(folder + "/roll-shim", std::filesystem::perms(0755));
  ChildSpec spec = rollctl_spec({"doctor", "--json"});
  std::erase_if(spec.env, [](const std::string& text) { return text.starts_with("ROLLCTL_LIBEXEC_DIR="); });
  spec.env.emplace_back("ROLLCTL_LIBEXEC_DIR=" + folder);
  const auto ran = run_child(std::move(spec), kLong);
  ASSERT_TRUE(ran);
  const Said said{ran->exit, ran->output, ran->errors};
  EXPECT_THAT(said, ExitsWith(1));
  EXPECT_EQ(said.lines().front()["lossless"], false);
  EXPECT_EQ(checks_of(said).at("shim")["message"], "roll-shim ended before it accepted the launch: broken");
}

TEST_F(DoctorTest, FailsWhereListenersCannotBeTaken) {
  const Said said = doctor({"--json"}, with_fault("pidfd_getfd", "error=EPERM"));
  EXPECT_THAT(said, ExitsWith(1));
  const auto checks = checks_of(said);
  EXPECT_EQ(checks.at("take-listener")["ok"], false);
  EXPECT_THAT(checks.at("take-listener")["message"].get<std::string>(),
              HasSubstr("cannot take its listeners: Operation not permitted"));
  EXPECT_EQ(said.lines().front()["improve"], checks.at("take-listener")["hint"]);
}

TEST_F(DoctorTest, WhereListenersCannotBeTakenOnlyInheritedSocketsAreSteered) {
  const json object = doctor({"--json"}, with_fault("pidfd_getfd", "error=EPERM")).lines().front();
  EXPECT_EQ(object["lossless"], false);
  EXPECT_EQ(object["handover"], "plain");
  EXPECT_THAT(object["guarantee"].get<std::string>(), HasSubstr("socket = \"inherit\""));
  EXPECT_THAT(object["improve"].get<std::string>(), HasSubstr("SYS_PTRACE"));
}

TEST_F(DoctorTest, RootWithoutPtraceTakesListenersOfAnotherUser) {
  const Said said = doctor({"--json"}, root_without("-sys_ptrace"));
  EXPECT_THAT(said, ExitsWith(0));
  const json check = checks_of(said).at("take-as-user");
  EXPECT_EQ(check["ok"], true) << check;
  EXPECT_THAT(check["message"].get<std::string>(), HasSubstr("without CAP_SYS_PTRACE"));
}

TEST_F(DoctorTest, RootThatMayNotChangeItsUserHasNoServersOfAnother) {
  const Said said = doctor({"--json"}, root_without("-sys_ptrace,-setuid"));
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(checks_of(said).at("take-listener")["ok"], true);
  EXPECT_EQ(checks_of(said).at("take-as-user")["tried"], false);
}

TEST_F(DoctorTest, TellsOfFewFiles) {
  const Said said = doctor({"--json"}, {"prlimit", "--nofile=256:1000"});
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(checks_of(said).at("files")["ok"], false);
  EXPECT_THAT(checks_of(said).at("files")["message"].get<std::string>(),
              AllOf(HasSubstr("256"), HasSubstr("1000")));
}

TEST_F(DoctorTest, SaysWhereThisNetworkMigrates) {
  EXPECT_EQ(checks_of(doctor({"--json"})).at("migrate")["hint"], "sysctl -w net.ipv4.tcp_migrate_req=1");
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "1"));
  EXPECT_EQ(checks_of(doctor({"--json"})).at("migrate")["ok"], true);
}

TEST_F(DoctorTest, TouchesNothingOfTheHost) {
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "0"));
  deploy("v1");  // on the port that the doctor uses in its own network
  EXPECT_THAT(doctor({}), ExitsWith(0));
  EXPECT_EQ(read_net_setting("ipv4/tcp_migrate_req").value(), "0");
  EXPECT_EQ(get()->release, "v1");
  expect_only("v1");
  for (const Resident& one : residents_called("rollctl doctor")) ADD_FAILURE() << one.command << " runs on";
  for (const char* folder : {"run", "state"})
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path(folder)), {}), 1) << "the app's alone";
}

TEST_F(DoctorTest, ForPeopleItEndsWithWhatIsGuaranteed) {
  const Said said = doctor({});
  EXPECT_THAT(said, AllOf(ExitsWith(0), Says("ok         steer-ebpf"), Says("\nsteer: ")));
  EXPECT_THAT(doctor({"--quiet"}).out, IsEmpty());
  EXPECT_THAT(doctor({"--verbose"}), Says("hint: sysctl -w net.ipv4.tcp_migrate_req=1"));
}

TEST_F(DoctorTest, FitsANarrowTerminal) {
  auto ran = run_child(
      {.argv = {"script", "-qec", "stty cols 60; " + program_path("rollctl") + " doctor", "/dev/null"},
       .env = {"TERM=xterm", "NO_COLOR=1", "LC_ALL=C", "ROLLCTL_RUNTIME_DIR=" + path("run"),
               "ROLLCTL_STATE_DIR=" + path("state")}},
      kLong);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit, ChildExit::with_code(0));
  EXPECT_THAT(ran->output, HasSubstr("ok         steer-ebpf"));
  std::istringstream lines(ran->output);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    // A path is one word.
    if (line.find('/') == std::string::npos) {
      EXPECT_LE(line.size(), 60U) << line;
    }
  }
}

TEST_F(DoctorTest, TakesNoApp) {
  EXPECT_THAT(doctor({"web"}), ExitsWith(2));
}

}  // namespace rollctl::test
