// SPDX-License-Identifier: MIT
// What servers, probes and hooks inherit from the login of rollctl's caller.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

constexpr const char* kNothing = "terminal no, key no, mask 022, inheritable no\n";
constexpr uid_t kSomebody = 65534;

}  // namespace

class LogInTest : public AppTest {
 protected:
  void SetUp() override {
    AppTest::SetUp();
    if (IsSkipped()) return;
    if (::geteuid() != 0) GTEST_SKIP() << "only root changes to another user";
    const auto ran = run_child({.argv = {program_path("log_in"), "run", "022", "-", "true"}}, kLong);
    if (!ran || ran->exit != ChildExit::with_code(0))
      GTEST_SKIP() << "no log-in can be made here: " << (ran ? ran->errors : ran.error().message);
    std::filesystem::create_directory(path("seen"));
    ASSERT_EQ(::chmod(path("seen").c_str(), 0777), 0);
  }

  // Of a command of the app file's, which writes down what it has: a probe may be killed while it does.
  [[nodiscard]] std::string look_as(const std::string& who) const {
    const std::string file = path("seen/" + who);
    return program_path("log_in") + " look >" + file + ".new && mv " + file + ".new " + file;
  }
  [[nodiscard]] std::string seen_by(const std::string& who) const { return read(path("seen/" + who)); }

  // Its server, probe and hook write down their state; the server has another user.
  [[nodiscard]] std::string curious_app() const {
    return "command = [\"/bin/sh\", \"-c\", \"" + look_as("server") + "; exec " +
           program_path("stub_server") + " --listen {listen}\"]\nlisten = [\"" + kAddress + "\"]\nuser = \"" +
           std::to_string(kSomebody) + "\"\n[ready]\nkind = \"exec\"\ncommand = [\"/bin/sh\", \"-c\", \"" +
           look_as("probe") + "\"]\n[hooks]\nafter_deploy = [\"/bin/sh\", \"-c\", \"" + look_as("hook") +
           "\"]\n";
  }

  // A server of another user with notify readiness.
  [[nodiscard]] std::string notifying_app() const {
    return "command = [\"" + program_path("stub_server") + "\", \"--listen\", \"{listen}\"]\nlisten = [\"" +
           kAddress + "\"]\nuser = \"" + std::to_string(kSomebody) +
           "\"\n[ready]\nkind = \"notify\"\ndeadline = \"5s\"\n";
  }

  Said rollctl_logged_in(const std::string& mask, const std::string& closed,
                         std::vector<std::string> arguments) const {
    ChildSpec spec = rollctl_spec(std::move(arguments));
    const std::vector<std::string> log_in{program_path("log_in"), "run", mask, closed};
    spec.argv.insert(spec.argv.begin(), log_in.begin(), log_in.end());
    const auto ran = run_child(std::move(spec), 3 * kLong);
    EXPECT_TRUE(ran) << ran.error().message;
    return ran ? Said{ran->exit, ran->output, ran->errors} : Said{};
  }
};

TEST_F(LogInTest, ALogInHasWhatIsLookedFor) {
  const auto ran =
      run_child({.argv = {program_path("log_in"), "run", "077", "-", program_path("log_in"), "look"}}, kLong);
  ASSERT_TRUE(ran) << ran.error().message;
  EXPECT_EQ(ran->output, "terminal yes, key yes, mask 077, inheritable yes\n");
}

TEST_F(LogInTest, NothingOfItGoesAlongToServerProbeAndHook) {
  write_app(curious_app());
  ASSERT_THAT(rollctl_logged_in("077", "-", {"deploy", "web", "v1"}), ExitsWith(0));
  EXPECT_EQ(seen_by("server"), kNothing);
  EXPECT_EQ(seen_by("probe"), kNothing);
  // The caller's own, and his user's: he may have given it capabilities.
  EXPECT_EQ(seen_by("hook"), "terminal no, key no, mask 022, inheritable yes\n");
}

TEST_F(LogInTest, NorToAServerThatIsRestarted) {
  write_app(curious_app());
  ASSERT_THAT(rollctl_logged_in("077", "-", {"deploy", "web", "v1"}), ExitsWith(0));
  std::filesystem::remove(path("seen/server"));
  kill_process(instance_of("v1")["pid"].get<pid_t>());
  await("it runs again", [&] { return seen_by("server") == kNothing; });
}

class MaskTest : public LogInTest, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Masks, MaskTest, testing::Values("027", "077"));

TEST_P(MaskTest, AServerOfAnotherUserReachesItsNotifySocket) {
  write_app(notifying_app());
  EXPECT_THAT(rollctl_logged_in(GetParam(), "-", {"deploy", "web", "v1"}), ExitsWith(0));
  EXPECT_THAT(rollctl_logged_in("022", "-", {"deploy", "web", "v2"}), ExitsWith(0));
  EXPECT_THAT(rollctl_logged_in(GetParam(), "-", {"deploy", "web", "v3"}), ExitsWith(0));
  expect_only("v3");
}

TEST_P(MaskTest, FoldersThatKeepServersOutAreOpenedUp) {
  const mode_t mask = static_cast<mode_t>(std::stoul(GetParam(), nullptr, 8));
  std::filesystem::create_directory(path("run/web"));
  for (const char* folder : {"run", "run/web"}) ASSERT_EQ(::chmod(path(folder).c_str(), 0755 & ~mask), 0);
  write_app(notifying_app());
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  struct stat folder{};
  ASSERT_EQ(::stat(path("run/web").c_str(), &folder), 0);
  EXPECT_EQ(folder.st_mode & 0777, (0755 & ~mask) | 0011) << "passable and not more";
}

TEST_F(LogInTest, AFolderThatWasGivenAGroupIsLeftAlone) {
  ASSERT_EQ(::chown(path("run").c_str(), 0, kSomebody), 0);
  ASSERT_EQ(::chmod(path("run").c_str(), 0750), 0);
  write_app(notifying_app());
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(0));
  struct stat folder{};
  ASSERT_EQ(::stat(path("run").c_str(), &folder), 0);
  EXPECT_EQ(folder.st_mode & 0777, 0750U);
}

class ClosedTest : public LogInTest, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Descriptors, ClosedTest, testing::Values("0", "1", "2", "01", "02", "12", "012"));

TEST_P(ClosedTest, MessagesGoNowhereWhereThereIsNoDescriptorForThem) {
  write_app(StubApp{});
  EXPECT_THAT(rollctl_logged_in("022", GetParam(), {"deploy", "web", "v1"}), ExitsWith(0));
  EXPECT_THAT(rollctl_logged_in("022", GetParam(), {"deploy", "web", "v2"}), ExitsWith(0));
  EXPECT_THAT(rollctl_logged_in("022", GetParam(), {"status", "web"}), ExitsWith(0));
  EXPECT_THAT(rollctl_logged_in("022", GetParam(), {"deploy", "nobody", "v2"}), testing::Not(ExitsWith(0)));
  const std::string lock = read(path("run/web/lock"));
  EXPECT_TRUE(json::accept(lock)) << lock;
  for (const json& line : journal()) EXPECT_EQ(line["app"], "web");
  expect_only("v2");
}

TEST_P(ClosedTest, AnotherSeesTheChangeThatIsUnderWay) {
  for (const char* pipe : {"here", "go"}) ASSERT_EQ(::mkfifo(path(pipe).c_str(), 0600), 0);
  const std::string script = "if mkdir once; then echo here >here; cat go; fi";  // to stop runs it once more
  write_app(StubApp{.tables = "[hooks]\nbefore_deploy = [\"/bin/sh\", \"-c\", \"cd " + dir_ + "; " + script +
                              "\"]\n"});
  ChildSpec spec = rollctl_spec({"deploy", "web", "v1"});
  const std::vector<std::string> log_in{program_path("log_in"), "run", "022", GetParam()};
  spec.argv.insert(spec.argv.begin(), log_in.begin(), log_in.end());
  auto change = ChildProcess::spawn(std::move(spec)).value();
  EXPECT_EQ(read(path("here")), "here\n");  // the change is under way, and said so wherever it could
  const Said other = rollctl({"deploy", "web", "v2"});
  EXPECT_THAT(other, ExitsWith(5));
  EXPECT_THAT(other.err, HasSubstr("rollctl deploy web v1"));
  write(path("go"), "go on");
  const auto exit = change.wait(kLong);
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_EQ(*exit, ChildExit::with_code(0));
}

}  // namespace rollctl::test
