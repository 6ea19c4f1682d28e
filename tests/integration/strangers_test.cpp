// SPDX-License-Identifier: MIT
// Attacks by other users of the host: by the server's user in run directories and other folders, and by a
// user who forges another user's folders.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/fd.h"
#include "support/app_fixture.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uid_t kWeb = 65'534;  // the server's user
constexpr const char* kWebName = "nobody";
constexpr uid_t kUser = 65'534;
constexpr uid_t kStranger = 65'532;

Fd open_folder(const std::string& folder) {
  return Fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// The usual limit of a login shell.
class FewDescriptors {
 public:
  FewDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit few{1024, 1024};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

class StrangersTest : public AppTest {
 protected:
  // The folder of an instance that belongs to the server's user.
  [[nodiscard]] std::string server_folder(const json& instance) const {
    return path("run/web/" + std::to_string(instance.at("id").get<int>()) + "/server");
  }
  [[nodiscard]] size_t count_left() const {
    const auto is_left = [](const fs::directory_entry& entry) {
      return entry.path().filename().string().starts_with(".gone-");
    };
    return static_cast<size_t>(std::count_if(fs::directory_iterator(path("run/web")), {}, is_left));
  }
};

TEST_F(StrangersTest, ThousandsOfNestedFoldersInARunDirectoryStopNoCommand) {
  const FewDescriptors limit;
  deploy("v1");
  Fd inner = open_folder(server_folder(instance_of("v1")));
  for (int level = 0; level < 3000; ++level) {
    ASSERT_EQ(::mkdirat(inner.get(), "d", 0755), 0);
    Fd next(::openat(inner.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    inner = std::move(next);
  }
  inner.reset();
  EXPECT_THAT(try_deploy("v2", {}), ExitsWith(0));
  expect_only("v2");
  EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
  await("what is left of the folders is cleared", [&] {
    EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
    return count_left() == 0;
  });
  EXPECT_THAT(rollctl({"remove", "web"}), ExitsWith(0));
  EXPECT_THAT(fs::directory_iterator(path("run")), testing::Eq(fs::directory_iterator()));
}

// Runs as the servers' user in all of their folders, until stopped.
class FolderMaker {
 public:
  explicit FolderMaker(std::string app_folder) : thread_([this, app = std::move(app_folder)] { run(app); }) {}
  ~FolderMaker() {
    stopping_ = true;
    thread_.join();
  }
  void await_more() const {
    const int target = made_ + 200;
    while (made_ < target) std::this_thread::sleep_for(1ms);
  }

 private:
  void run(const std::string& app) {
    std::map<std::string, Fd> folders;
    for (int number = 0; !stopping_; ++number) {
      std::error_code ignored;
      for (const auto& entry : fs::directory_iterator(app, ignored)) {
        const std::string server = entry.path() / "server";
        if (Fd folder = open_folder(server)) folders.try_emplace(server, std::move(folder));
      }
      for (const auto& [name, folder] : folders) {
        const std::string made = "d" + std::to_string(number % 1000);
        if (::mkdirat(folder.get(), made.c_str(), 0755) == 0) ++made_;
        (void)::mkdirat(folder.get(), (made + "/inner").c_str(), 0755);
      }
      std::this_thread::sleep_for(1ms);  // leaves the disk to other processes
    }
  }

  std::atomic<bool> stopping_{false};
  std::atomic<int> made_{0};
  std::thread thread_;
};

TEST_F(StrangersTest, WhoGoesOnMakingFoldersInRunDirectoriesStopsNoCommand) {
  deploy("v1", {.instances = 2});
  {
    const FolderMaker maker(path("run/web"));
    maker.await_more();
    EXPECT_THAT(try_deploy("v2", {.instances = 2}), ExitsWith(0));
    maker.await_more();
    EXPECT_THAT(rollctl({"recover", "web"}), AllOf(ExitsWith(0), Says("2 instances")));
    maker.await_more();
    EXPECT_THAT(rollctl({"restart", "web"}), ExitsWith(0));
    expect_only("v2", 2);
    maker.await_more();
    EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
    EXPECT_THAT(rollctl({"remove", "web"}), ExitsWith(0));
    EXPECT_FALSE(fs::exists(path("run/web")));
  }
  // The next command for any app removes the rest.
  EXPECT_THAT(try_deploy("v1", {}), ExitsWith(0));
  EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
  await("what is left of the folders is cleared", [&] {
    EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
    return std::distance(fs::directory_iterator(path("run")), fs::directory_iterator()) == 1;
  });
}

TEST_F(StrangersTest, AFifoAsAnEnvFileHoldsUpNeitherCheckNorDeploy) {
  deploy("v1");
  ASSERT_EQ(::mkfifo(path("env").c_str(), 0666), 0);
  const StubApp with_fifo{.keys = "env_file = \"" + path("env") + "\""};
  write_app(with_fifo);
  EXPECT_THAT(rollctl({"check", "web"}), AllOf(ExitsWith(2), Complains("is a FIFO, not a regular file")));
  EXPECT_THAT(try_deploy("v2", with_fifo), AllOf(ExitsWith(2), Complains("is a FIFO, not a regular file")));
  expect_only("v1");
}

// A program that is a script, whose interpreter is a script, whose interpreter never answers.
TEST_F(StrangersTest, AFifoAsAnInterpreterHoldsUpNeitherCheckNorDeploy) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0777), 0);
  write(path("inner"), "#!" + path("fifo") + "\n");
  write(path("outer"), "#!" + path("inner") + "\n");
  for (const char* script : {"inner", "outer"}) ASSERT_EQ(::chmod(path(script).c_str(), 0755), 0);
  write_app("command = [\"" + path("outer") + "\"]\nlisten = [\"" + kAddress + "\"]\nsocket = \"preload\"\n");
  EXPECT_THAT(rollctl({"check", "web"}), ExitsWith(2));
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), ExitsWith(2));
}

TEST_F(StrangersTest, AnotherAppsEnvFileIsNotHandedToAServerByALinkOfItsUsers) {
  fs::create_directory(path("his"));
  ASSERT_EQ(::chown(path("his").c_str(), kWeb, kWeb), 0);
  write(path("secret"), "TOKEN=1\n");
  ASSERT_EQ(::chmod(path("secret").c_str(), 0600), 0);
  fs::create_symlink(path("secret"), path("his/env"));
  const StubApp with_link{.keys = std::string("user = \"") + kWebName + "\"\nenv_file = \"" +
                                  path("his/env") + "\""};
  EXPECT_THAT(try_deploy("v1", with_link),
              AllOf(ExitsWith(2), Complains("to the server: user 65534"), Complains(path("his"))));
  ASSERT_EQ(::chown(path("secret").c_str(), kWeb, kWeb), 0);
  write(path("servers.jsonl"), "");
  ASSERT_EQ(::chmod(path("servers.jsonl").c_str(), 0666), 0);
  EXPECT_THAT(try_deploy("v1", with_link), ExitsWith(0));
}

// As if the app's log folder had been given to the server's user.
class LogFolderTest : public StrangersTest {
 protected:
  void SetUp() override {
    StrangersTest::SetUp();
    if (IsSkipped()) return;
    fs::create_directories(path("log/web"));
    ASSERT_EQ(::chown(path("log/web").c_str(), kWeb, kWeb), 0);
    write(path("precious"), "kept");
  }
  // For the instances to come.
  [[nodiscard]] std::vector<std::string> next_logs() const {
    std::vector<std::string> logs;
    for (int id = 1; id < 10; ++id) logs.push_back(path("log/web/" + std::to_string(id) + ".log"));
    return logs;
  }
};

TEST_F(LogFolderTest, WorksWhereNothingIsInTheWay) {
  deploy("v1");
  EXPECT_THAT(rollctl({"logs", "web"}), ExitsWith(0));
}

TEST_F(LogFolderTest, NothingIsWrittenThroughALink) {
  for (const std::string& log : next_logs()) fs::create_symlink(path("precious"), log);
  EXPECT_THAT(try_deploy("v1", {}), AllOf(ExitsWith(1), Complains("cannot open " + path("log/web"))));
  EXPECT_EQ(read(path("precious")), "kept");
}

TEST_F(LogFolderTest, NothingIsWrittenIntoAFileThatHasAnotherName) {
  for (const std::string& log : next_logs()) fs::create_hard_link(path("precious"), log);
  EXPECT_THAT(try_deploy("v1", {}), AllOf(ExitsWith(1), Complains("cannot open")));
  EXPECT_EQ(read(path("precious")), "kept");
}

TEST_F(LogFolderTest, AFifoHoldsUpNeitherADeployNorLogs) {
  deploy("v1");
  for (const std::string& log : next_logs()) ASSERT_TRUE(fs::exists(log) || ::mkfifo(log.c_str(), 0666) == 0);
  EXPECT_THAT(try_deploy("v2", {}), AllOf(ExitsWith(1), Complains("cannot open")));
  EXPECT_THAT(rollctl({"logs", "web"}), ExitsWith(0));
  expect_only("v1");
}

// Another user has forged a user's folders: a record there claims that an instance runs, with a process of
// that user as its server.
class ForgedFoldersTest : public StrangersTest {
 protected:
  void SetUp() override {
    StrangersTest::SetUp();
    if (IsSkipped()) return;
    run_as(kUser);
    auto victim = ChildProcess::spawn({.argv = {"sleep", "1000"}, .uid = kUser});
    ASSERT_TRUE(victim);
    victim_ = std::make_unique<ChildProcess>(std::move(*victim));
  }
  void TearDown() override {
    victim_.reset();
    fs::remove_all(path("run/web"));
    AppTest::TearDown();
  }
  void forge(uid_t owner) const {
    const ProcessId id = victim_->process().id();
    const json process{{"pid", id.pid}, {"start_ticks", id.start_ticks}, {"boot_id", id.boot_id}};
    const json record{{"v", 1},          {"id", 1},           {"app", "web"},
                      {"release", "v0"}, {"generation", 1},   {"state", "serving"},
                      {"weight", 0},     {"server", process}, {"started", "2026-01-31T12:00:00.123Z"},
                      {"restarts", 0},   {"status", ""},      {"notified_ready", true}};
    fs::create_directories(path("run/web/1"));
    write(path("run/web/1/instance.json"), record.dump());
    for (const char* name : {"run/web/1/instance.json", "run/web/1", "run/web"})
      ASSERT_EQ(::chown(path(name).c_str(), owner, owner), 0);
  }
  void expect_refused() const {
    write_app(StubApp{});
    for (const auto& command : std::vector<std::vector<std::string>>{
             {"deploy", "web", "v1"}, {"recover", "web"}, {"status", "web"}, {"stop", "web"}})
      EXPECT_THAT(rollctl(command), AllOf(ExitsWith(7), Complains("cannot be trusted"))) << command.front();
    EXPECT_FALSE(victim_->has_exited());
  }

  std::unique_ptr<ChildProcess> victim_;
};

TEST_F(ForgedFoldersTest, AFolderOfAnothersIsRefused) {
  forge(kStranger);
  ASSERT_EQ(::chown(path("run").c_str(), kStranger, kStranger), 0);
  expect_refused();
}

TEST_F(ForgedFoldersTest, AnAppsFolderOfAnothersInASharedOneIsRefused) {
  forge(kStranger);
  ASSERT_EQ(::chown(path("run").c_str(), 0, 0), 0);
  ASSERT_EQ(::chmod(path("run").c_str(), 01777), 0);
  expect_refused();
}

TEST_F(ForgedFoldersTest, AFolderThatOthersMayReplaceIsRefused) {
  forge(kUser);
  ASSERT_EQ(::chmod(path("run").c_str(), 0777), 0);
  expect_refused();
}

TEST_F(ForgedFoldersTest, AFolderThatOthersMayWriteIntoIsRefused) {
  forge(kUser);
  ASSERT_EQ(::chmod(path("run/web").c_str(), 0775), 0);
  expect_refused();
}

TEST_F(ForgedFoldersTest, ARecordOfAnothersIsNotBelievedInOnesOwnFolder) {
  forge(kUser);
  ASSERT_EQ(::chown(path("run/web/1/instance.json").c_str(), kStranger, kStranger), 0);
  write_app(StubApp{});
  for (const char* verb : {"deploy", "status", "stop"})
    EXPECT_THAT(rollctl({verb, "web"}), AllOf(ExitsWith(7), Complains("belongs to user 65532"))) << verb;
  EXPECT_THAT(rollctl({"recover", "web"}), AllOf(ExitsWith(3), Complains("belongs to user 65532")));
  EXPECT_FALSE(victim_->has_exited());
}

TEST_F(ForgedFoldersTest, AnAdHocAppOfAnothersIsNotRun) {
  const std::string mark = path("mark");
  fs::create_directories(path("state/web"));
  write(path("state/web/app.toml"),
        "command = [\"touch\", \"" + mark + "\"]\nlisten = [\"" + std::string(kAddress) + "\"]\n");
  for (const char* name : {"state/web/app.toml", "state/web"})
    ASSERT_EQ(::chown(path(name).c_str(), kStranger, kStranger), 0);
  EXPECT_THAT(rollctl({"deploy", "web", "v1"}), AllOf(ExitsWith(7), Complains("cannot be trusted")));
  EXPECT_FALSE(fs::exists(mark));
}

TEST_F(ForgedFoldersTest, AJournalOfAnothersIsNotBelieved) {
  fs::create_directories(path("state/web"));
  write(path("state/web/journal.jsonl"), "");
  ASSERT_EQ(::chown(path("state/web/journal.jsonl").c_str(), kStranger, kStranger), 0);
  ASSERT_EQ(::chown(path("state/web").c_str(), kUser, kUser), 0);
  write_app(StubApp{});
  for (const char* verb : {"status", "deploy", "history"})
    EXPECT_THAT(rollctl({verb, "web"}), AllOf(ExitsWith(7), Complains("journal.jsonl cannot be trusted")))
        << verb;
}

}  // namespace
}  // namespace rollctl::test
