// SPDX-License-Identifier: MIT
// Failures outside rollctl: full disks, torn files, locks, other rollctls, killed shims.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/fd.h"
#include "support/app_fixture.h"

namespace rollctl::test {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class BadLuckTest : public AppTest {
 protected:
  // A release that stays unready until the deadline of 30 s, so that its deploy keeps running.
  ChildProcess start_endless_deploy(const std::string& release) {
    write_app(StubApp{.behaviours = {"never-ready"}, .tables = "[ready]\nkind = \"notify\"\n"});
    ChildProcess deploy = start({"deploy", "web", release, "--json"});
    await_event(deploy, "instance.started");
    return deploy;
  }
};

// Mounts a small file system on state/, visible only to this process and its children.
class FullDiskTest : public BadLuckTest {
 protected:
  void SetUp() override {
    BadLuckTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(mount("small", path("state").c_str(), "tmpfs", 0, "size=256k"), 0);
  }
  void TearDown() override {
    AppTest::TearDown();
    umount2(path("state").c_str(), MNT_DETACH);
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  void fill_disk() {
    std::ofstream file(path("state/fill"));
    const std::string block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
    // The free rest of the journal's last block counts, too.
    std::ofstream tail(journal_path(), std::ios::app);
    while (tail.put('\n').flush()) {
    }
  }
  void free_disk() { std::filesystem::remove(path("state/fill")); }
};

TEST_F(FullDiskTest, ADeployFailsAndTheOldReleaseServesOn) {
  deploy("v1", {.instances = 2});
  fill_disk();
  Clients clients;
  const Said said = try_deploy("v2", {.instances = 2});
  clients.await_answers(3);
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_THAT(said, AllOf(ExitsWith(1), Complains("No space left on device"), Complains(path("state"))));
  free_disk();
  expect_only("v1", 2);
  EXPECT_THAT(try_deploy("v3", {.instances = 2}), ExitsWith(0));
  expect_only("v3", 2);
}

TEST_F(FullDiskTest, AFirstDeployFailsWithNothingLeft) {
  write(path("state/fill"), std::string(300'000, 'x').substr(0, 256 * 1024));
  const Said said = try_deploy("v1", {});
  EXPECT_THAT(said, AllOf(ExitsWith(1), Complains("No space left on device")));
  await_no_process();
  free_disk();
}

TEST_F(FullDiskTest, AStopStillStops) {
  deploy("v1");
  fill_disk();
  const Said said = rollctl({"stop", "web"});
  EXPECT_TRUE(said.exit == ChildExit::with_code(1) || said.exit == ChildExit::with_code(3))
      << testing::PrintToString(said);
  EXPECT_THAT(said, Complains("No space left on device"));
  free_disk();
  EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
  expect_only("v1");
}

TEST_F(BadLuckTest, ATornLastJournalLineIsPassedOver) {
  deploy("v1");
  std::ofstream(journal_path(), std::ios::app) << R"({"v":1,"time":"2026-01-31T12:00:00.1)";
  expect_only("v1");
  EXPECT_THAT(rollctl({"history", "web"}), AllOf(ExitsWith(0), Says("v1")));
  EXPECT_THAT(try_deploy("v2", {}), ExitsWith(0));
  expect_only("v2");
  EXPECT_THAT(rollctl({"history", "web"}), AllOf(Says("v1"), Says("v2")));
  EXPECT_THAT(rollctl({"rollback", "web"}), ExitsWith(0));
  expect_only("v1");
}

TEST_F(BadLuckTest, AJournalOfGarbageDoesNotKeepADeployFromWorking) {
  deploy("v1");
  std::ofstream(journal_path(), std::ios::app) << std::string(100, '\0') << "\n\xff\xfe\n[1,2]\n{\"v\":1}\n";
  EXPECT_THAT(try_deploy("v2", {}), ExitsWith(0));
  expect_only("v2");
}

TEST_F(BadLuckTest, AStaleLockFileStopsNobody) {
  std::filesystem::create_directories(path("run/web"));
  write(
      path("run/web/lock"),
      R"({"pid":1,"start_ticks":1,"boot_id":"","user":"root","command":"deploy web v0","since":"2026-01-31T12:00:00.123Z"})");
  deploy("v1");
  EXPECT_EQ(status()["deploy"], nullptr);
  write(path("run/web/lock"), "");
  deploy("v2");
  expect_only("v2");
}

TEST_F(BadLuckTest, ASecondRollctlIsToldWhoHoldsTheLock) {
  deploy("v1");
  ChildProcess first = start_endless_deploy("v2");
  const Said second = rollctl({"restart", "web"});
  EXPECT_THAT(second, ExitsWith(5));
  EXPECT_THAT(second, AllOf(Complains("rollctl deploy web v2"), Complains(std::to_string(first.pid())),
                            Complains("user root"), Complains("since 20"), Complains("hint:")));
  for (const char* command : {"stop", "start", "recover", "remove"})
    EXPECT_THAT(rollctl({command, "web"}), ExitsWith(5)) << command;
  EXPECT_EQ(rollctl({"scale", "web", "2", "--json"}).event("error")["exit"], 5);
  // Commands that only read need no lock.
  const json now = status();
  EXPECT_EQ(now["deploy"]["phase"], "running");
  EXPECT_EQ(now["deploy"]["release"], "v2");
  EXPECT_EQ(now["release"], "v1");
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(0));
  EXPECT_THAT(rollctl({"history", "web"}), ExitsWith(0));
  // Another app has another lock.
  write_app(StubApp{.listen = {"127.0.0.1:9090"}}, "other");
  EXPECT_THAT(rollctl({"deploy", "other", "v1"}), ExitsWith(0));
  ASSERT_TRUE(first.send_signal(SIGINT));
  EXPECT_THAT(finish(first), ExitsWith(130));
  expect_only("v1");
}

TEST_F(BadLuckTest, ARollctlThatWasKilledIsToldByStatusAndUndoneByRecover) {
  deploy("v1");
  ChildProcess killed = start_endless_deploy("v2");
  ASSERT_TRUE(killed.stop(SIGKILL, kLong));
  const Said shown = rollctl({"status", "web"});
  EXPECT_THAT(shown, AllOf(ExitsWith(3), Says("interrupted"), Says("rollctl recover web")));
  EXPECT_EQ(status()["deploy"]["phase"], "interrupted");
  Clients clients;
  clients.await_answers(3);
  const Said recovered = rollctl({"recover", "web"});
  EXPECT_THAT(recovered, AllOf(ExitsWith(0), Says("v1 serves with 1 instance")));
  clients.await_answers(3);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v1");
  EXPECT_THAT(rollctl({"recover", "web"}), ExitsWith(0));
}

// rollctl is killed while the shim that it started is stopped:
// recovery cannot know yet whether the shim has its orders.
class StartingShimTest : public BadLuckTest {
 protected:
  void begin_deploy() {
    deploy("v1");
    hook_ = path("hook");
    ASSERT_EQ(mkfifo(hook_.c_str(), 0600), 0);
    write_app(StubApp{.tables = "[hooks]\nbefore_deploy = [\"/bin/cat\", \"" + hook_ + "\"]\n"});
    deploy_.emplace(start({"deploy", "web", "v2", "--json"}));
    const auto pid_of = [](const std::string& command) {
      const auto found = residents_called(command);
      return found.empty() ? 0 : found.front().id.pid;
    };
    const std::string waiting = "roll-shim " + path("run/web/2");
    await("the hook runs", [&] { return pid_of("cat " + hook_) != 0 && pid_of(waiting) != 0; });
    shim_ = pid_of(waiting);
    await("the shim waits for its orders", [&] { return waits_in(shim_).find("poll") != std::string::npos; });
    kill_process(shim_, SIGSTOP);
  }
  // The kernel's function, or "0".
  static std::string waits_in(pid_t pid) { return read("/proc/" + std::to_string(pid) + "/wchan"); }
  void end_hook() const { std::ofstream(hook_) << "over\n"; }
  // rollctl takes the way to it away, gives them, and sleeps until they were followed.
  void give_orders() {
    end_hook();
    await("the orders were given", [&] {
      return !std::filesystem::exists(path("run/web/2/launch.sock")) && waits_in(deploy_->pid()) != "0";
    });
  }
  void kill_deploy() {
    ASSERT_TRUE(deploy_->stop(SIGKILL, kLong));
    deploy_.reset();
  }

  void recover_while_it_goes_on() {
    ChildProcess recover = start({"recover", "web"});
    await("recover has seen it", [&] {
      return recover.has_exited() || waits_in(recover.pid()).find("nanosleep") != std::string::npos;
    });
    kill_process(shim_, SIGCONT);
    EXPECT_THAT(finish(recover), ExitsWith(0));
    EXPECT_FALSE(std::filesystem::exists(path("run/web/2")));
    expect_only("v1");
  }

  std::string hook_;
  std::optional<ChildProcess> deploy_;
  pid_t shim_ = 0;
};

TEST_F(StartingShimTest, WithoutItsOrdersEndsAndIsAwaited) {
  begin_deploy();
  kill_deploy();
  end_hook();
  recover_while_it_goes_on();
}

TEST_F(StartingShimTest, ThatJustGotItsOrdersIsFound) {
  begin_deploy();
  give_orders();
  kill_deploy();
  recover_while_it_goes_on();
}

TEST_F(StartingShimTest, ThatComesUpJustAfterItWasCalledIsNotTakenForDead) {
  begin_deploy();
  give_orders();
  kill_deploy();
  ChildSpec spec = rollctl_spec({"recover", "web", "--json"});
  // It connects to the shim of the first instance, and stops after connecting to that of the second.
  const std::string trace = path("trace");
  const std::vector<std::string> stopping{
      "strace", "-qq", "-o", trace, "-e", "trace=connect", "-e", "inject=connect:signal=STOP:when=2"};
  spec.argv.insert(spec.argv.begin(), stopping.begin(), stopping.end());
  auto recover = ChildProcess::spawn(std::move(spec));
  ASSERT_TRUE(recover) << recover.error().message;
  await("rollctl has called", [&] { return read(trace).find("stopped by SIGSTOP") != std::string::npos; });
  EXPECT_NE(read(trace).find("control.sock\"}, 110) = -1 ENOENT"), std::string::npos) << read(trace);
  kill_process(shim_, SIGCONT);
  await("the shim has come up", [&] { return std::filesystem::exists(path("run/web/2/instance.json")); });
  for (const Resident& one : residents_called("rollctl recover")) kill_process(one.id.pid, SIGCONT);
  EXPECT_THAT(finish(*recover), ExitsWith(0));
  EXPECT_FALSE(std::filesystem::exists(path("run/web/2")));
  expect_only("v1");
}

TEST_F(BadLuckTest, AShimThatIsStuckIsNamedWhenItsServerHasGone) {
  deploy("v1");
  const json instance = instance_of("v1");
  const pid_t shim = instance["shim_pid"];
  kill_process(shim, SIGSTOP);
  kill_process(instance["pid"]);
  const Said stuck = rollctl({"recover", "web"});
  EXPECT_THAT(stuck, AllOf(ExitsWith(3), Complains("does not answer"),
                           Complains("kill -KILL " + std::to_string(shim))));
  kill_process(shim);
  EXPECT_THAT(rollctl({"start", "web"}), ExitsWith(0));
  expect_only("v1");
}

TEST_F(BadLuckTest, ADeployFirstUndoesWhatAKilledOneLeft) {
  deploy("v1");
  ChildProcess killed = start_endless_deploy("v2");
  ASSERT_TRUE(killed.stop(SIGKILL, kLong));
  Clients clients;
  EXPECT_THAT(try_deploy("v3", {}), ExitsWith(0));
  clients.await_answers(3);
  EXPECT_THAT(clients.stop(), IsEmpty());
  expect_only("v3");
  EXPECT_THAT(rollctl({"rollback", "web"}), ExitsWith(0));
  expect_only("v1");
}

TEST_F(BadLuckTest, AReusedPidIsNobodyOfOurs) {
  deploy("v1");
  const json instance = instance_of("v1");
  const std::string folder = path("run/web/" + std::to_string(instance["id"].get<int>()));
  json record = json::parse(read(folder + "/instance.json"));
  // As after a power cut that kept the run directory: both are dead, and another process has the pids.
  kill_process(instance["shim_pid"]);
  kill_process(instance["pid"]);
  auto stranger = ChildProcess::spawn({.argv = {"sleep", "1000"}});
  ASSERT_TRUE(stranger);
  record["server"]["pid"] = stranger->pid();
  record["shim"]["pid"] = stranger->pid();
  write(folder + "/instance.json", record.dump());
  const json app = status();
  EXPECT_EQ(app["serving"], 0);
  EXPECT_EQ(app["instances"], json::array());
  EXPECT_THAT(rollctl({"status", "web"}), ExitsWith(3));
  EXPECT_THAT(try_deploy("v2", {}), ExitsWith(0));
  EXPECT_FALSE(stranger->has_exited());
  expect_only("v2");
  EXPECT_FALSE(std::filesystem::exists(folder));
  ASSERT_TRUE(stranger->stop(SIGTERM, kLong));
}

TEST_F(BadLuckTest, AKilledShimLeavesItsServerServingAndTheNextDeployDrainsIt) {
  deploy("v1");
  const json before = instance_of("v1");
  kill_process(before["shim_pid"]);
  const json after = instance_of("v1");
  EXPECT_EQ(after["supervised"], false);
  EXPECT_EQ(after["pid"], before["pid"]);
  EXPECT_EQ(after["state"], "serving");
  EXPECT_EQ(status()["serving"], 1);
  EXPECT_THAT(rollctl({"status", "web"}), AllOf(ExitsWith(0), Says("unsupervised")));
  Clients clients;
  clients.await_answers(5);
  const Said said = try_deploy("v2", {}, {"--json"});
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_THAT(said, ExitsWith(0));
  EXPECT_EQ(said.event("instance.drained")["id"], before["id"]);
  expect_only("v2");
}

TEST_F(BadLuckTest, ShimsThatAreAllKilledDuringADeployLoseNobody) {
  deploy("v1", {.instances = 2});
  Clients clients;
  ChildProcess deploy = start_endless_deploy("v2");
  for (const Resident& one : residents_called("roll-shim")) kill_process(one.id.pid);
  ASSERT_TRUE(deploy.send_signal(SIGINT));
  const Said said = finish(deploy);
  clients.await_answers(5);
  EXPECT_THAT(clients.stop(), IsEmpty());
  EXPECT_TRUE(said.exit == ChildExit::with_code(130) || said.exit == ChildExit::with_code(1))
      << testing::PrintToString(said);
  expect_only("v1", 2);
}

}  // namespace rollctl::test
