// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/packet_socket.h"
#include "process/json_reader.h"
#include "process/shim_protocol.h"
#include "shim_fixture.h"
#include "support/descriptors.h"

namespace rollctl::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class LaunchTest : public ShimTest {
 protected:
  // The server's output, once it has printed "end".
  std::string output_of(const LaunchSpec& spec) {
    launch_and_await(spec);
    EXPECT_TRUE(await([&] { return text_of(spec.log_path).find("end\n") != std::string::npos; }));
    return text_of(spec.log_path);
  }

  // The message with which the launch fails; the run directory is gone then.
  std::string failure_of(const LaunchSpec& spec) {
    Watched& shim = launch(spec);
    EXPECT_TRUE(await(shim, ShimEvent::Kind::Gone));
    const ShimEvent* failed = shim.find(ShimEvent::Kind::LaunchFailed);
    EXPECT_NE(failed, nullptr);
    EXPECT_FALSE(exists(spec.run_dir));
    EXPECT_TRUE(await([] { return processes() == 0; }));
    return failed == nullptr ? std::string() : failed->message;
  }

  // A shim that has connected to this process, and waits for orders.
  struct Connected {
    ChildProcess shim;
    Fd connection;
  };
  Connected spawn_shim(const LaunchSpec& spec) {
    const auto listener = listen_for_packets(spec.run_dir, kLaunchSocket).value();
    auto shim = ChildProcess::spawn({.argv = {program_path("roll-shim"), spec.run_dir}}).value();
    std::optional<Fd> connection;
    EXPECT_TRUE(await([&] {
      connection = accept_for_packets(listener.get()).value();
      return connection.has_value();
    }));
    return {std::move(shim), std::move(connection).value()};
  }

  Connected spawn_staged(const LaunchSpec& spec) {
    stage(spec);
    Connected connected = spawn_shim(spec);
    EXPECT_TRUE(await([&] { return staged_shim(spec).has_value(); }));
    return connected;
  }

  // Writes the orders before the shim starts, so that it finds them.
  std::unique_ptr<WaitingShim> start_staged(const LaunchSpec& spec) {
    stage(spec);
    auto waiting = WaitingShim::start(program_path("roll-shim"), spec).value();
    EXPECT_TRUE(await([&] { return staged_shim(spec).has_value(); }));
    return waiting;
  }

  static void expect_to_leave_nothing(ChildProcess& shim, const LaunchSpec& spec) {
    const auto exit = shim.wait(kSoon);
    ASSERT_TRUE(exit) << exit.error().message;
    EXPECT_EQ(exit->code, 0);
    EXPECT_EQ(processes(), 0U);
    EXPECT_FALSE(exists(spec.run_dir));
    EXPECT_EQ(text_of(spec.log_path), "");
  }

  // The shim, once it waits for its launch with everything but the server set up.
  static std::optional<pid_t> staged_shim(const LaunchSpec& spec) {
    if (!exists(spec.run_dir + "/" + kNotifySocket)) return std::nullopt;
    for (const pid_t pid : process_tree(::getpid()).value_or(std::vector<pid_t>()))
      if (text_of(fmt::format("/proc/{}/comm", pid)) == "roll-shim\n" && sleeps(pid)) return pid;
    return std::nullopt;
  }

  static void stage(const LaunchSpec& spec) {
    ASSERT_TRUE(write_file_atomically(spec.run_dir + "/" + kLaunchSpec, json_text(to_json(spec)), 0600));
  }

  static bool sleeps(pid_t pid) {
    return text_of("/proc/" + std::to_string(pid) + "/stat").find(") S ") != std::string::npos;
  }

  // The shim has its orders, and has not made the server's process.
  void await_held(const LaunchSpec& spec) {
    EXPECT_TRUE(
        await([&] { return !exists(spec.run_dir + "/" + kLaunchSpec) && staged_shim(spec).has_value(); }));
    EXPECT_EQ(processes(), 1U);
    EXPECT_FALSE(*has_instance_record(spec.run_dir));
    EXPECT_EQ(text_of(spec.log_path), "");
  }

  Acknowledgement intended_ = Status();
};

TEST_F(LaunchTest, RunsTheServerAndTellsItsProcess) {
  Watched& shim = launch_and_await(stub_spec({"--listen", "127.0.0.1:8080"}));
  const InstanceRecord& record = shim.events.front().record;
  EXPECT_EQ(record.id, 1);
  EXPECT_EQ(record.state, InstanceState::Starting);
  EXPECT_TRUE(ProcessRef::open(record.server));
  EXPECT_TRUE(ProcessRef::open(record.shim));
  EXPECT_TRUE(await(shim, ShimEvent::Kind::NotifiedReady));
  EXPECT_TRUE(shim.client->record().notified_ready);
}

TEST_F(LaunchTest, WritesTheRecordBeforeTheServerRuns) {
  LaunchSpec spec = shell_spec("cat \"$ROLL_RUN_DIR/instance.json\"; echo; echo end; exec sleep 1000");
  spec.env.push_back("ROLL_RUN_DIR=" + spec.run_dir);
  EXPECT_THAT(output_of(spec), HasSubstr("\"server\":{"));
  const auto record = read_instance_record(spec.run_dir);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_TRUE(ProcessRef::open(record->server));
  EXPECT_EQ(record->spec.argv, spec.argv);
}

// The server's environment.

TEST_F(LaunchTest, GivesTheServerTheEnvironmentOfTheSpecAndNoOther) {
  LaunchSpec spec = shell_spec("env; echo end; exec sleep 1000");
  spec.argv = {"env", "sh", "-c", "env -u PWD -u _ -u OLDPWD -u SHLVL; echo end; exec sleep 1000"};
  spec.env = {"PATH=/usr/bin:/bin", "EMPTY=", "TWO=a b"};
  auto lines = lines_of(output_of(spec));
  auto expected = spec.env;
  expected.push_back("NOTIFY_SOCKET=" + spec.run_dir + "/notify.sock");
  expected.push_back("ROLL_GATE_FD=3");
  expected.push_back("end");
  EXPECT_THAT(lines, UnorderedElementsAreArray(expected));
}

TEST_F(LaunchTest, GivesTheServerNoDescriptorButTheOnesMeant) {
  const LaunchSpec spec = spec_for({"sleep", "1000"});
  // Without close-on-exec: a fork alone would pass it on.
  const Fd careless(::open("/dev/zero", O_RDONLY));
  Watched& shim = launch_and_await(spec);
  // During the exec the kernel still closes the others.
  std::map<int, std::string> fds;
  ASSERT_TRUE(await([&] { return (fds = descriptors_of(shim.client->record().server.pid)).size() == 4; }));
  EXPECT_EQ(fds.at(0), "/dev/null");
  EXPECT_EQ(fds.at(1), spec.log_path);
  EXPECT_EQ(fds.at(2), spec.log_path);
  EXPECT_THAT(fds.at(3), HasSubstr("pipe:")) << "the gate";
}

TEST_F(LaunchTest, GivesTheShimNoDescriptorButItsOwn) {
  const Fd careless(::open("/dev/zero", O_RDONLY));
  Watched& shim = launch_and_await(shell_spec("exec sleep 1000"));
  for (const auto& [fd, target] : descriptors_of(shim.client->record().shim.pid))
    EXPECT_NE(target, "/dev/zero") << fd;
}

TEST_F(LaunchTest, GivesTheServerASessionOfItsOwnAndDefaultSignals) {
  const LaunchSpec spec = shell_spec("grep -E '^Sig(Blk|Ign)' /proc/self/status; echo end; exec sleep 1000");
  EXPECT_EQ(output_of(spec), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nend\n");
  const auto record = read_instance_record(spec.run_dir);
  ASSERT_TRUE(record);
  EXPECT_EQ(::getsid(record->server.pid), record->server.pid);
  EXPECT_EQ(::getpgid(record->server.pid), record->server.pid);
  EXPECT_EQ(::getsid(record->shim.pid), record->shim.pid);
}

// The thread that starts the shim begins on another CPU than its creator.
TEST_F(LaunchTest, LetsTheServerRunWhereverItsCallerMay) {
  const std::string tell = "grep Cpus_allowed: /proc/self/status";
  const auto mine = run_child({.argv = {"/bin/sh", "-c", tell}}, kSoon);
  ASSERT_TRUE(mine);
  EXPECT_EQ(output_of(shell_spec(tell + "; echo end; exec sleep 600")), mine->output + "end\n");
}

TEST_F(LaunchTest, SetsWorkdirAndLimits) {
  LaunchSpec spec = shell_spec("pwd; ulimit -n; ulimit -Hn; echo end; exec sleep 1000");
  spec.workdir = "/usr/bin";
  spec.nofile = 77;
  EXPECT_EQ(output_of(spec), "/usr/bin\n77\n77\nend\n");
}

TEST_F(LaunchTest, BecomesTheUserWithItsGroups) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can change the user";
  LaunchSpec spec =
      shell_spec("id -u; id -g; id -G; grep CapEff /proc/self/status; echo end; exec sleep 1000");
  spec.credentials = Credentials{65534, 65533, {65532, 65531}};
  EXPECT_EQ(output_of(spec), "65534\n65533\n65533 65531 65532\nCapEff:\t0000000000000000\nend\n");
}

TEST_F(LaunchTest, GivesTheServersUserAFolderOfItsOwnAndNoMore) {
  LaunchSpec spec = shell_spec(
      "cd \"$DIR\"; mkfifo server/pipe && echo made; echo x > file || echo kept out; cat instance.json || "
      "echo "
      "kept out; echo end; exec sleep 1000");
  spec.env.push_back("DIR=" + spec.run_dir);
  spec.credentials = Credentials{65534, 65534, {}};
  EXPECT_THAT(output_of(spec), AllOf(HasSubstr("made\n"), ContainsRegex("kept out\n(.*\n)*kept out\n")));
  Watched& shim = connect(spec);
  ASSERT_TRUE(shim.client->drain({SIGTERM, kSoon}).await());
  ASSERT_TRUE(await(shim, ShimEvent::Kind::Gone));
  EXPECT_FALSE(exists(spec.run_dir));
}

TEST_F(LaunchTest, LooksForTheProgramInThePathOfTheSpec) {
  ASSERT_TRUE(write_file_atomically(folder_ + "/hidden", "#!/bin/sh\necho end; exec sleep 1000\n", 0755));
  LaunchSpec spec = spec_for({"hidden"});
  spec.env = {"PATH=/nowhere:" + folder_ + ":/usr/bin:/bin"};
  output_of(spec);
}

TEST_F(LaunchTest, TakesASpecThatIsLongerThanAPacket) {
  LaunchSpec spec = shell_spec("echo ${#V19}; echo end; exec sleep 1000");
  for (int i = 0; i < 20; ++i) spec.env.push_back("V" + std::to_string(i) + "=" + std::string(50'000, 'x'));
  EXPECT_EQ(output_of(spec), "50000\nend\n");
}

TEST_F(LaunchTest, TheGateReadsEofOnceItIsOpened) {
  LaunchSpec spec = shell_spec("echo waiting; read x <&$ROLL_GATE_FD; echo end; exec sleep 1000");
  spec.gate = LaunchSpec::Gate::Closed;
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await([&] { return text_of(spec.log_path) == "waiting\n"; }));
  ASSERT_TRUE(shim.client->open_gate());
  EXPECT_TRUE(await([&] { return text_of(spec.log_path) == "waiting\nend\n"; }));
}

TEST_F(LaunchTest, TheGateIsOpenFromTheStartWhereNobodyClosesIt) {
  output_of(shell_spec("read x <&$ROLL_GATE_FD; echo end; exec sleep 1000"));
}

// Failed starts.

TEST_F(LaunchTest, SaysThatTheProgramIsMissing) {
  EXPECT_EQ(failure_of(spec_for({"/nowhere/web"})),
            "cannot start \"/nowhere/web\": No such file or directory");
}

TEST_F(LaunchTest, SaysThatTheProgramIsNotInThePath) {
  EXPECT_EQ(failure_of(spec_for({"no-such-web"})), "cannot start \"no-such-web\": No such file or directory");
}

TEST_F(LaunchTest, SaysThatTheProgramIsNotExecutable) {
  EXPECT_EQ(failure_of(spec_for({"/etc/passwd"})), "cannot start \"/etc/passwd\": Permission denied");
}

TEST_F(LaunchTest, SaysThatTheFileIsNoProgram) {
  const std::string path = folder_ + "/text";
  ASSERT_TRUE(write_file_atomically(path, "echo this is never given to a shell\n", 0755));
  EXPECT_EQ(failure_of(spec_for({path})), "cannot start \"" + path + "\": Exec format error");
}

TEST_F(LaunchTest, SaysThatTheInterpreterIsMissing) {
  const std::string path = folder_ + "/script";
  ASSERT_TRUE(write_file_atomically(path, "#!/nowhere/python\n", 0755));
  EXPECT_EQ(failure_of(spec_for({path})), "cannot start \"" + path +
                                              "\" (running the interpreter that it names): No such file or "
                                              "directory");
}

TEST_F(LaunchTest, SaysThatTheWorkdirIsMissing) {
  LaunchSpec spec = shell_spec("exit 0");
  spec.workdir = "/nowhere";
  EXPECT_EQ(failure_of(spec),
            "cannot start \"/bin/sh\" (changing to \"/nowhere\"): No such file or directory");
}

TEST_F(LaunchTest, SaysThatTheLimitIsTooHigh) {
  LaunchSpec spec = shell_spec("exit 0");
  spec.nofile = uint64_t{1} << 40;
  EXPECT_EQ(failure_of(spec),
            "cannot start \"/bin/sh\" (setting nofile to 1099511627776): Operation not permitted");
}

TEST_F(LaunchTest, SaysThatTheCommandIsEmpty) {
  EXPECT_EQ(failure_of(spec_for({})), "cannot start a program: its command is empty");
}

TEST_F(LaunchTest, SaysThatTheRunDirectoryIsTooDeepForASocket) {
  LaunchSpec spec = shell_spec("exit 0");
  spec.run_dir += "/" + std::string(100, 'd');
  ASSERT_TRUE(make_directories(spec.run_dir, 0755));
  EXPECT_THAT(failure_of(spec), HasSubstr("the path of a socket may have 107 bytes, this one has "));
}

TEST_F(LaunchTest, SaysThatAnOrdinaryUserCannotBecomeAnother) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can try as another user";
  // Other users may have no access to the build folder.
  const std::string shim = folder_ + "/roll-shim";
  std::filesystem::copy_file(program_path("roll-shim"), shim);
  LaunchSpec spec = shell_spec("exit 0");
  spec.credentials = Credentials{33, 33, {}};
  ASSERT_EQ(::chmod(spec.run_dir.c_str(), 0777), 0);
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  auto answer = make_pipe();
  ASSERT_TRUE(answer);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string message = "no event";
    if (::setgroups(0, nullptr) == 0 && ::setresgid(65534, 65534, 65534) == 0 &&
        ::setresuid(65534, 65534, 65534) == 0) {
      auto loop = Loop::create();
      bool gone = false;
      auto client = launch_shim(**loop, shim, spec, [&](const ShimEvent& event) {
        if (event.kind == ShimEvent::Kind::LaunchFailed) message = event.message;
        gone = gone || event.kind == ShimEvent::Kind::Gone;
      });
      if (!client) message = client.error().message;
      if (client) (*loop)->run_until([&] { return gone; }, std::chrono::steady_clock::now() + kSoon);
    }
    (void)write_all(answer->write.get(), message);
    ::_exit(0);
  }
  answer->write.reset();
  EXPECT_EQ(read_all(answer->read.get(), 10'000).value_or(""),
            "cannot start \"/bin/sh\" (changing to user 33, group 33): Operation not permitted");
}

TEST_F(LaunchTest, SaysThatThereIsNoShim) {
  const LaunchSpec spec = shell_spec("exit 0");
  const auto client = launch_shim(*loop_, "/nowhere/roll-shim", spec, {});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().message, "cannot start /nowhere/roll-shim: No such file or directory");
  EXPECT_TRUE(std::filesystem::is_empty(spec.run_dir));
}

TEST_F(LaunchTest, SaysThatTheShimEndedEarly) {
  const auto client = launch_shim(*loop_, "/bin/false", shell_spec("exit 0"), {});
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().message, HasSubstr("ended before it accepted the launch"));
}

TEST_F(LaunchTest, SaysWhatTheShimSaidWhenItEndedEarly) {
  const LaunchSpec spec = shell_spec("exit 0");
  const Fd claimed(::open(spec.run_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(claimed.get(), LOCK_EX), 0);
  const auto client = launch_shim(*loop_, program_path("roll-shim"), spec, {});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().message, "roll-shim ended before it accepted the launch: roll-shim: cannot lock " +
                                        spec.run_dir + ": Resource temporarily unavailable");
  EXPECT_FALSE(exists(spec.log_path));
}

TEST_F(LaunchTest, SaysThatTheLogCannotBeMade) {
  LaunchSpec spec = shell_spec("exit 0");
  spec.log_path = "/nowhere/log";
  const auto client = launch_shim(*loop_, program_path("roll-shim"), spec, {});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().message, "cannot open /nowhere/log: No such file or directory");
  EXPECT_TRUE(await([] { return processes() == 0; }));
}

TEST_F(LaunchTest, AShimWritesIntoTheLogOnceItsServerRuns) {
  const LaunchSpec spec = shell_spec("exec sleep 600");
  const Watched& watched = launch_and_await(spec);
  const std::string shim = "/proc/" + std::to_string(watched.client->record().shim.pid) + "/fd/";
  for (const char* fd : {"1", "2"})
    EXPECT_TRUE(await([&] { return std::filesystem::read_symlink(shim + fd) == spec.log_path; }))
        << std::filesystem::read_symlink(shim + fd);
}

// A shim without orders.

TEST_F(LaunchTest, AShimMayWaitForItsOrders) {
  const LaunchSpec spec = shell_spec("exec sleep 600");
  const auto waiting = WaitingShim::start(program_path("roll-shim"), spec);
  ASSERT_TRUE(waiting) << waiting.error().message;
  ASSERT_TRUE(await([&] { return is_claimed(spec.run_dir); }));
  EXPECT_EQ(text_of(spec.log_path), "");
  bool launched = false;
  const auto client = (*waiting)->launch(*loop_, spec, intended_, [&](const ShimEvent& event) {
    launched = launched || event.kind == ShimEvent::Kind::Launched;
  });
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_TRUE(await([&] { return launched; }));
  EXPECT_FALSE(exists(spec.run_dir + "/" + kLaunchSocket));
}

TEST_F(LaunchTest, NothingIsLeftOfAShimThatIsCalledOff) {
  const LaunchSpec spec = shell_spec("echo run");
  auto waiting = WaitingShim::start(program_path("roll-shim"), spec);
  ASSERT_TRUE(waiting) << waiting.error().message;
  ASSERT_TRUE(await([&] { return is_claimed(spec.run_dir); }));
  waiting->reset();
  EXPECT_TRUE(await([] { return processes() == 0; }));
  EXPECT_FALSE(is_claimed(spec.run_dir));
  EXPECT_FALSE(exists(spec.log_path));
  EXPECT_FALSE(exists(spec.run_dir + "/" + kLaunchSocket));
}

TEST_F(LaunchTest, AShimIsCalledOffWhileItStillStarts) {
  const LaunchSpec spec = shell_spec("echo run");
  auto waiting = WaitingShim::start(program_path("roll-shim"), spec);
  ASSERT_TRUE(waiting) << waiting.error().message;
  waiting->reset();
  EXPECT_TRUE(await([] { return processes() == 0; }));
  EXPECT_FALSE(is_claimed(spec.run_dir));
  EXPECT_FALSE(exists(spec.log_path)) << text_of(spec.log_path);
  EXPECT_FALSE(exists(spec.run_dir + "/" + kLaunchSocket));
}

// A server that is staged.

TEST_F(LaunchTest, AStagedServerRunsWhenItIsLaunched) {
  const LaunchSpec spec = shell_spec("echo run; exec sleep 600");
  const auto waiting = start_staged(spec);
  EXPECT_FALSE(*has_instance_record(spec.run_dir));
  const auto too_soon = ShimClient::connect(*loop_, spec.run_dir, {});
  ASSERT_FALSE(too_soon);
  EXPECT_EQ(too_soon.error().os_error, ECONNREFUSED) << too_soon.error().message;
  EXPECT_EQ(text_of(spec.log_path), "");
  const auto client = waiting->launch(*loop_, spec, intended_, {});
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_TRUE(await([&] { return text_of(spec.log_path) == "run\n"; }));
  EXPECT_TRUE(await([] { return processes() == 2; }));
  EXPECT_FALSE(exists(spec.run_dir + "/" + kLaunchSpec));
}

// The shim has not found orders at its start, and reads them at the launch.
TEST_F(LaunchTest, AServerMayBeStagedLate) {
  const LaunchSpec spec = shell_spec("echo run; exec sleep 600");
  auto [shim, connection] = spawn_shim(spec);
  ASSERT_TRUE(await([&, pid = shim.pid()] { return sleeps(pid); }));
  stage(spec);
  ASSERT_TRUE(send_packet(connection.get(), to_text(shim::Request{0, shim::Launch{}})));
  EXPECT_TRUE(await([&] { return text_of(spec.log_path) == "run\n"; }));
}

TEST_F(LaunchTest, WhyAStagedServerCannotRunIsSaidWhenItIsLaunched) {
  LaunchSpec spec = shell_spec("echo run");
  spec.workdir = "/nowhere";
  const auto waiting = WaitingShim::start(program_path("roll-shim"), spec);
  ASSERT_TRUE(waiting) << waiting.error().message;
  std::string failure;
  const auto client = (*waiting)->launch(*loop_, spec, intended_, [&](const ShimEvent& event) {
    if (event.kind == ShimEvent::Kind::LaunchFailed) failure = event.message;
  });
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_TRUE(await([&] { return !failure.empty(); }));
  EXPECT_THAT(failure, HasSubstr("(changing to \"/nowhere\"): No such file or directory"));
  EXPECT_TRUE(await([] { return processes() == 0; }));
}

TEST_F(LaunchTest, NothingIsLeftOfAStagedServerThatIsCalledOff) {
  const LaunchSpec spec = shell_spec("echo run");
  auto waiting = start_staged(spec);
  waiting.reset();
  EXPECT_TRUE(await([] { return processes() == 0; }));
  EXPECT_FALSE(exists(spec.run_dir));
  EXPECT_FALSE(exists(spec.log_path));
}

TEST_F(LaunchTest, AShimThatIsToldToEndBeforeItsServerRunsLeavesNothing) {
  const LaunchSpec spec = shell_spec("echo run");
  auto [shim, connection] = spawn_staged(spec);
  ASSERT_TRUE(shim.send_signal(SIGTERM));
  expect_to_leave_nothing(shim, spec);
}

TEST_F(LaunchTest, SaysThatAShimEndedWhileItWasStaged) {
  const LaunchSpec spec = shell_spec("echo run");
  auto waiting = start_staged(spec);
  const auto shim = staged_shim(spec);
  ASSERT_TRUE(shim);
  ASSERT_EQ(::kill(*shim, SIGTERM), 0);
  ASSERT_TRUE(await([] { return processes() == 0; }));
  const auto client = waiting->launch(*loop_, spec, intended_, {});
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().message, HasSubstr("ended before it accepted the launch"));
}

TEST_F(LaunchTest, SaysThatAShimEndedWithItsOrdersUnread) {
  const LaunchSpec spec = shell_spec("echo run");
  const auto waiting = start_staged(spec);
  const auto shim = staged_shim(spec);
  ASSERT_TRUE(shim);
  ASSERT_EQ(::kill(*shim, SIGSTOP), 0);
  Acknowledgement intent([&]() -> Status {
    EXPECT_EQ(::kill(*shim, SIGKILL), 0);
    EXPECT_TRUE(await([] { return processes() == 0; }));
    return {};
  });
  const auto client = waiting->launch(*loop_, spec, intent, {});
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().message, HasSubstr("ended before it accepted the launch"));
}

// A launch whose intent is not on the disk yet.

TEST_F(LaunchTest, NothingIsExecutedBeforeItsIntentIsAcknowledged) {
  const LaunchSpec spec = shell_spec("echo run; exec sleep 600");
  const auto waiting = start_staged(spec);
  Acknowledgement intent([&]() -> Status {
    await_held(spec);
    return {};
  });
  const auto client = waiting->launch(*loop_, spec, intent, {});
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_TRUE(await([&] { return text_of(spec.log_path) == "run\n"; }));
  EXPECT_TRUE(await([] { return processes() == 2; }));
}

TEST_F(LaunchTest, NothingIsLeftWhereItsIntentHasFailed) {
  const LaunchSpec spec = shell_spec("echo run");
  auto waiting = start_staged(spec);
  Acknowledgement intent([&]() -> Status {
    await_held(spec);
    return fail(ErrorKind::Failed, "the disk is broken");
  });
  const auto client = waiting->launch(*loop_, spec, intent, {});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().message, "the disk is broken");
  waiting.reset();
  EXPECT_TRUE(await([] { return processes() == 0; }));
  EXPECT_FALSE(exists(spec.run_dir));
  EXPECT_FALSE(exists(spec.log_path));
}

// Clients may connect as soon as the sockets are open.
TEST_F(LaunchTest, NothingIsSaidBeforeTheIntentIsAcknowledgedWhereSocketsAreInherited) {
  LaunchSpec spec = shell_spec("echo run");
  spec.sockets = LaunchSpec::Sockets::Inherited;
  const auto waiting = WaitingShim::start("/bin/true", spec).value();
  const Fd shim = connect_for_packets(spec.run_dir, kLaunchSocket, kSoon).value();
  Acknowledgement intent([&]() -> Status {
    EXPECT_FALSE(receive_packet(shim.get()).value());
    return {};
  });
  const auto client = waiting->launch(*loop_, spec, intent, {});
  ASSERT_TRUE(client) << client.error().message;
  const auto said = receive_packet(shim.get()).value();
  ASSERT_TRUE(said);
  EXPECT_FALSE(std::get<shim::Launch>(*shim::parse_request(said->text).body).held);
}

// The failure is reported although it happened before the launch.
TEST_F(LaunchTest, WhatFailsWhileTheIntentIsAwaitedIsSaid) {
  const LaunchSpec spec = shell_spec("echo run");
  ASSERT_TRUE(write_file_atomically(spec.run_dir + "/" + kServerFolder, "in the way", 0600));
  const auto waiting = WaitingShim::start(program_path("roll-shim"), spec);
  ASSERT_TRUE(waiting) << waiting.error().message;
  Acknowledgement intent([&]() -> Status {
    EXPECT_TRUE(await([&] { return !exists(spec.run_dir + "/" + kLaunchSpec); }));
    return {};
  });
  std::string failure;
  const auto client = (*waiting)->launch(*loop_, spec, intent, [&](const ShimEvent& event) {
    if (event.kind == ShimEvent::Kind::LaunchFailed) failure = event.message;
  });
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_TRUE(await([&] { return !failure.empty(); }));
  EXPECT_THAT(failure, HasSubstr("cannot make"));
  EXPECT_TRUE(await([] { return processes() == 0; }));
}

TEST_F(LaunchTest, TheServerNeverRunsWhenRollctlDiesBeforeTheIntentIsAcknowledged) {
  const LaunchSpec spec = shell_spec("echo run");
  auto [shim, connection] = spawn_staged(spec);
  ASSERT_TRUE(send_packet(connection.get(), to_text(shim::Request{0, shim::Launch{.held = true}})));
  await_held(spec);
  connection.reset();
  expect_to_leave_nothing(shim, spec);
}

TEST_F(LaunchTest, TheServerNeverRunsWhenItsShimDiesAsWell) {
  const LaunchSpec spec = shell_spec("echo run");
  auto [shim, connection] = spawn_staged(spec);
  ASSERT_TRUE(send_packet(connection.get(), to_text(shim::Request{0, shim::Launch{.held = true}})));
  await_held(spec);
  ASSERT_TRUE(shim.stop(SIGKILL, kSoon));
  connection.reset();
  EXPECT_TRUE(await([] { return processes() == 0; }));
  EXPECT_EQ(text_of(spec.log_path), "");
}

// rollctl dies before the launch.

TEST_F(LaunchTest, TheServerNeverRunsWhenRollctlDiesBeforeItsOrders) {
  const LaunchSpec spec = shell_spec("echo run");
  auto [shim, connection] = spawn_shim(spec);
  connection.reset();
  const auto exit = shim.wait(kSoon);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
  EXPECT_FALSE(exists(spec.run_dir));
  EXPECT_FALSE(exists(spec.log_path));
}

TEST_F(LaunchTest, TheServerNeverRunsWhenRollctlDiesWhileItIsStaged) {
  const LaunchSpec spec = shell_spec("echo run");
  auto [shim, connection] = spawn_staged(spec);
  connection.reset();
  expect_to_leave_nothing(shim, spec);
}

TEST_F(LaunchTest, TheShimTouchesNothingWhereNobodyWaitsForIt) {
  const LaunchSpec spec = shell_spec("echo run");
  const auto run = run_child({.argv = {program_path("roll-shim"), spec.run_dir}}, kSoon);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->exit.code, 1);
  EXPECT_THAT(run->errors, HasSubstr("launch.sock"));
  EXPECT_TRUE(exists(spec.run_dir));
}

TEST_F(LaunchTest, OrdersThatMakeNoSenseEndTheShim) {
  const LaunchSpec spec = shell_spec("echo run");
  auto [shim, connection] = spawn_shim(spec);
  ASSERT_TRUE(send_packet(connection.get(), "\xff{"));
  const auto exit = shim.wait(kSoon);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 1);
  EXPECT_FALSE(exists(spec.run_dir));
}

TEST_F(LaunchTest, TheServerRunsWhenRollctlDiesAfterItsOrders) {
  const LaunchSpec spec = shell_spec("echo end; exec sleep 1000");
  launch(spec).client.reset();
  ASSERT_TRUE(await([&] { return text_of(spec.log_path) == "end\n"; }));
  Watched& later = connect(spec);
  ASSERT_TRUE(later.client);
  EXPECT_EQ(later.client->record().spec.argv, spec.argv);
  EXPECT_TRUE(ProcessRef::open(later.client->record().server));
}

TEST_F(LaunchTest, OneRunDirectoryHasOneShim) {
  const LaunchSpec spec = shell_spec("exec sleep 1000");
  launch_and_await(spec);
  const auto second = run_child({.argv = {program_path("roll-shim"), spec.run_dir}}, kSoon);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->exit.code, 1);
  EXPECT_THAT(second->errors, HasSubstr("cannot lock"));
}

// Started by hand.

TEST_F(LaunchTest, TheProgramSaysThatItIsInternal) {
  const auto help = run_child({.argv = {program_path("roll-shim"), "--help"}}, kSoon);
  EXPECT_EQ(help->exit.code, 0);
  EXPECT_THAT(help->output, HasSubstr("do not start it by hand"));
  const auto version = run_child({.argv = {program_path("roll-shim"), "--version"}}, kSoon);
  EXPECT_EQ(version->exit.code, 0);
  EXPECT_THAT(version->output, HasSubstr("roll-shim "));
  EXPECT_EQ(run_child({.argv = {program_path("roll-shim")}}, kSoon)->exit.code, 2);
  EXPECT_EQ(run_child({.argv = {program_path("roll-shim"), "--nonsense"}}, kSoon)->exit.code, 2);
}

}  // namespace
}  // namespace rollctl::test
