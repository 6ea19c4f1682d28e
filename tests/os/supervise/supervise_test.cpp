// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>

#include "base/packet_socket.h"
#include "process/shim_protocol.h"
#include "shim_fixture.h"

namespace rollctl::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Kind = ShimEvent::Kind;

std::vector<std::string> listening(const std::string& behaviour) {
  return {"--listen", "127.0.0.1:8080", "--behaviour", behaviour};
}

size_t lines_with(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// A client whose connection the server has accepted, as its answer shows.
Fd connect_to_server() {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(8080);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_TRUE(write_all(fd.get(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  char byte = 0;
  EXPECT_EQ(::read(fd.get(), &byte, 1), 1);
  return fd;
}

class SuperviseTest : public ShimTest {
 protected:
  // A server in state serving.
  Watched& serve(const LaunchSpec& spec) {
    Watched& shim = launch_and_await(spec);
    EXPECT_TRUE(await(shim, Kind::NotifiedReady));
    EXPECT_TRUE(shim.client->set_role({InstanceState::Serving, 100}).await());
    return shim;
  }

  static void kill_server(const Watched& shim) {
    const auto server = ProcessRef::open(shim.client->record().server);
    ASSERT_TRUE(server);
    ASSERT_TRUE(server->send_signal(SIGKILL));
  }

  void drain_to_the_end(Watched& shim) {
    ASSERT_TRUE(shim.client->drain({SIGTERM, kSoon}).await());
    ASSERT_TRUE(await(shim, Kind::Gone));
    EXPECT_TRUE(await([] { return processes() == 0; }));
  }
};

// Draining.

TEST_F(SuperviseTest, DrainsAndLeavesNothingBehind) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  ASSERT_TRUE(shim.client->drain({SIGTERM, kSoon}).await());
  // A fast server has exited before the order is acknowledged.
  EXPECT_THAT(shim.client->record().state, testing::AnyOf(InstanceState::Draining, InstanceState::Stopped));
  ASSERT_TRUE(await(shim, Kind::Exited));
  const ShimEvent& end = *shim.find(Kind::Exited);
  EXPECT_EQ(end.record.state, InstanceState::Stopped);
  EXPECT_EQ(end.exit->code, 0);
  EXPECT_FALSE(end.connections_cut);
  EXPECT_FALSE(exists(spec.run_dir));
  EXPECT_TRUE(await(shim, Kind::Gone));
  EXPECT_TRUE(await([] { return processes() == 0; }));
}

TEST_F(SuperviseTest, CutsAtTheDeadlineAndCountsWhatItCuts) {
  Watched& shim = serve(stub_spec(listening("ignore-term")));
  const Fd first = connect_to_server();
  const Fd second = connect_to_server();
  ASSERT_TRUE(shim.client->drain({SIGTERM, Millis(50)}).await());
  ASSERT_TRUE(await(shim, Kind::Exited));
  const ShimEvent& end = *shim.find(Kind::Exited);
  EXPECT_EQ(end.record.state, InstanceState::Stopped);
  EXPECT_EQ(end.exit->signal, SIGKILL);
  EXPECT_EQ(end.connections_cut, 2U);
}

TEST_F(SuperviseTest, EnforcesTheDeadlineWhenNobodyIsConnected) {
  const LaunchSpec spec = stub_spec(listening("ignore-term"));
  Watched& shim = serve(spec);
  ASSERT_TRUE(shim.client->drain({SIGTERM, Millis(50)}).await());
  shim.client.reset();
  EXPECT_TRUE(await([] { return processes() == 0; }));
  EXPECT_FALSE(exists(spec.run_dir));
}

TEST_F(SuperviseTest, ASigtermToTheShimDrainsItsServer) {
  LaunchSpec spec = stub_spec(listening("drain-on=SIGQUIT"));
  spec.drain_signal = SIGQUIT;
  Watched& shim = serve(spec);
  ASSERT_TRUE(ProcessRef::open(shim.client->record().shim)->send_signal(SIGTERM));
  ASSERT_TRUE(await(shim, Kind::Gone));
  EXPECT_EQ(shim.find(Kind::Exited)->record.state, InstanceState::Stopped);
  EXPECT_EQ(shim.find(Kind::Exited)->exit->code, 0);
}

TEST_F(SuperviseTest, OtherSignalsDoNothingToTheShim) {
  Watched& shim = serve(stub_spec(kListen));
  const auto process = ProcessRef::open(shim.client->record().shim);
  ASSERT_TRUE(process);
  for (const int signal : {SIGHUP, SIGINT, SIGPIPE}) ASSERT_TRUE(process->send_signal(signal));
  EXPECT_TRUE(shim.client->take_listeners());
}

// Exactly one process journals the end.

TEST_F(SuperviseTest, LeavesTheEndOfADrainToTheRollctlThatWaitsForIt) {
  const LaunchSpec spec = stub_spec(kListen);
  drain_to_the_end(serve(spec));
  EXPECT_EQ(lines_with(text_of(spec.journal_path), "instance.drained"), 0U);
}

TEST_F(SuperviseTest, JournalsTheEndOfADrainThatNobodyWaitsFor) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  ASSERT_TRUE(shim.client->drain({SIGTERM, kSoon}).await());
  shim.client.reset();
  ASSERT_TRUE(await([] { return processes() == 0; }));
  const std::string journal = text_of(spec.journal_path);
  EXPECT_EQ(lines_with(journal, "\n"), 1U) << journal;
  EXPECT_THAT(journal, HasSubstr(R"("app":"web","generation":7,"event":"instance.drained","id":1,)"));
  EXPECT_THAT(journal, HasSubstr(R"("connections_cut":0,"exit":{"code":0}})"));
}

TEST_F(SuperviseTest, SomebodyWhoOnlyLooksOnIsNotTrustedToJournal) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  Watched& onlooker = connect(spec);
  ASSERT_TRUE(shim.client->drain({SIGTERM, kSoon}).await());
  shim.client.reset();
  ASSERT_TRUE(await(onlooker, Kind::Gone));
  EXPECT_EQ(onlooker.find(Kind::Exited)->record.state, InstanceState::Stopped);
  ASSERT_TRUE(await([] { return processes() == 0; }));
  EXPECT_EQ(lines_with(text_of(spec.journal_path), "instance.drained"), 1U);
}

TEST_F(SuperviseTest, AnOnlookersWordDoesNotStandForWhoAskedForTheDrain) {
  const LaunchSpec spec = stub_spec(kListen);
  serve(spec).client.reset();
  Watched& onlooker = connect(spec);
  auto asker = connect_for_packets(spec.run_dir, kControlSocket, kSoon);
  ASSERT_TRUE(asker);
  ASSERT_TRUE(send_packet(asker->get(), shim::to_text(shim::Request{1, shim::Drain{{SIGTERM, kSoon}}})));
  ASSERT_TRUE(await(onlooker, Kind::Exited));
  EXPECT_TRUE(onlooker.client->look_at_steering()) << "it was heard, and the shim still waits for who asked";
  asker->reset();
  ASSERT_TRUE(await([] { return processes() == 0; }));
  EXPECT_EQ(lines_with(text_of(spec.journal_path), "instance.drained"), 1U);
}

TEST_F(SuperviseTest, AClientThatEndsWithTheEventHasSeenIt) {
  const LaunchSpec spec = stub_spec(kListen);
  bool ready = false;
  bool ended = false;
  std::unique_ptr<ShimClient> client;
  auto launched = launch_shim(*loop_, program_path("roll-shim"), spec, [&](const ShimEvent& event) {
    ready = ready || event.kind == Kind::NotifiedReady;
    if (event.kind != Kind::Exited) return;
    ended = true;
    client.reset();
  });
  ASSERT_TRUE(launched);
  client = std::move(*launched);
  ASSERT_TRUE(await([&] { return ready; }));
  ASSERT_TRUE(client->drain({SIGTERM, kSoon}).await());
  ASSERT_TRUE(await([&] { return ended; }));
  ASSERT_TRUE(await([] { return processes() == 0; }));
  EXPECT_FALSE(exists(spec.journal_path)) << text_of(spec.journal_path);
}

// Exits and restarts.

TEST_F(SuperviseTest, RestartsAServerThatCrashed) {
  LaunchSpec spec = stub_spec(kListen);
  spec.backoff = Millis(10);
  Watched& shim = serve(spec);
  const ProcessId first = shim.client->record().server;
  kill_server(shim);
  ASSERT_TRUE(await(shim, Kind::Exited));
  EXPECT_EQ(shim.find(Kind::Exited)->record.state, InstanceState::Restarting);
  EXPECT_EQ(shim.find(Kind::Exited)->exit->signal, SIGKILL);
  ASSERT_TRUE(await(shim, Kind::Restarted));
  ASSERT_TRUE(await([&] { return shim.client->record().state == InstanceState::Serving; }));
  EXPECT_NE(shim.client->record().server, first);
  EXPECT_EQ(shim.client->record().restarts, 1);
  EXPECT_EQ(shim.client->take_listeners()->size(), 1U);
  const std::string journal = text_of(spec.journal_path);
  EXPECT_EQ(lines_with(journal, R"("event":"instance.exited","id":1,"exit":{"signal":"SIGKILL"})"), 1U);
  EXPECT_EQ(lines_with(journal, R"("event":"instance.restarted","id":1,"pid":)"), 1U);
  EXPECT_EQ(read_instance_record(spec.run_dir)->server, shim.client->record().server);
  drain_to_the_end(shim);
}

TEST_F(SuperviseTest, WithoutNotificationsARestartedServerIsReadyOnceItListens) {
  LaunchSpec spec = stub_spec(listening("notify-silent"));
  spec.backoff = Millis(10);
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await([&] { return shim.client->take_listeners()->size() == 1; }));
  ASSERT_TRUE(shim.client->set_role({InstanceState::Serving, 100}).await());
  kill_server(shim);
  ASSERT_TRUE(await(shim, Kind::Restarted));
  EXPECT_TRUE(await([&] { return shim.client->record().state == InstanceState::Serving; }));
}

TEST_F(SuperviseTest, GivesUpAndStaysToBeSeen) {
  const std::string flag = folder_ + "/broken";
  LaunchSpec spec = shell_spec("test -e " + flag + " && exit 3; echo up; exec sleep 1000");
  spec.backoff = Millis(1);
  spec.give_up = 3;
  spec.listen.push_back(*ListenAddress::parse("127.0.0.1:8080"));
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(shim.client->set_role({InstanceState::Serving, 100}).await());
  ASSERT_TRUE(await([&] { return text_of(spec.log_path) == "up\n"; }));
  ASSERT_TRUE(write_file_atomically(flag, "", 0600));
  kill_server(shim);
  ASSERT_TRUE(await([&] { return shim.client->record().state == InstanceState::Failed; }));
  EXPECT_EQ(shim.count(Kind::Exited), 4U);
  EXPECT_EQ(shim.client->record().restarts, 3);
  EXPECT_EQ(shim.client->record().exit->code, 3);
  EXPECT_EQ(connect(spec).client->record().state, InstanceState::Failed);
  drain_to_the_end(shim);
  EXPECT_FALSE(exists(spec.run_dir));
}

TEST_F(SuperviseTest, AServerThatExitsAtOnceIsNotRestarted) {
  Watched& shim = launch_and_await(stub_spec(listening("exit=3")));
  ASSERT_TRUE(await(shim, Kind::Exited));
  EXPECT_EQ(shim.find(Kind::Exited)->record.state, InstanceState::Failed);
  EXPECT_EQ(shim.find(Kind::Exited)->exit->code, 3);
  EXPECT_EQ(shim.find(Kind::Exited)->message, "the server exited with 3");
  drain_to_the_end(shim);
}

TEST_F(SuperviseTest, AServerThatGoesIntoTheBackgroundIsToldOffAndEnded) {
  Watched& shim = launch_and_await(stub_spec(listening("daemonize")));
  ASSERT_TRUE(await(shim, Kind::Exited));
  EXPECT_THAT(
      shim.find(Kind::Exited)->message,
      testing::MatchesRegex(
          "the server exited with 0 but left process [0-9]+ running: it must stay in the foreground"));
  // Only the shim is left.
  EXPECT_TRUE(await([] { return processes() == 1; }));
  drain_to_the_end(shim);
}

TEST_F(SuperviseTest, EndsTheWorkersOfACrashedServerBeforeItIsRestarted) {
  LaunchSpec spec = stub_spec(listening("workers=3"));
  spec.backoff = Millis(10);
  Watched& shim = serve(spec);
  ASSERT_TRUE(await([&] { return shim.client->take_listeners()->size() == 3; }));
  const auto workers = *process_tree(shim.client->record().server.pid);
  ASSERT_EQ(workers.size(), 4U);
  std::vector<ProcessRef> old;
  for (const pid_t pid : workers) old.push_back(*ProcessRef::open(pid));
  kill_server(shim);
  ASSERT_TRUE(await(shim, Kind::Restarted));
  for (const auto& process : old) EXPECT_TRUE(process.has_exited());
}

TEST_F(SuperviseTest, WaitsForTheChildrenOfADrainedServer) {
  // The server exits at once, its child a moment later.
  const std::string script =
      "trap '' TERM; trap 'exit 0' QUIT; (trap 'exit' USR1; echo up; while :; do sleep 0.01; done) & "
      "while :; do sleep 0.01; done";
  LaunchSpec spec = shell_spec(script);
  Watched& shim = launch_and_await(spec);
  ASSERT_TRUE(await([&] { return text_of(spec.log_path) == "up\n"; }));
  const auto tree = *process_tree(shim.client->record().server.pid);
  ASSERT_GE(tree.size(), 2U);
  const auto child = ProcessRef::open(tree[1]);
  ASSERT_TRUE(child);
  ASSERT_TRUE(shim.client->drain({SIGQUIT, kSoon}).await());
  ASSERT_TRUE(await([&] { return read_instance_record(spec.run_dir)->server.pid == 0; }));
  EXPECT_EQ(shim.count(Kind::Exited), 0U);
  ASSERT_TRUE(child->send_signal(SIGUSR1));
  ASSERT_TRUE(await(shim, Kind::Exited));
  EXPECT_EQ(shim.find(Kind::Exited)->exit->code, 0);
}

// A shim that dies.

TEST_F(SuperviseTest, TheServerLivesOnWhenItsShimIsKilled) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  ASSERT_TRUE(ProcessRef::open(shim.client->record().shim)->send_signal(SIGKILL));
  ASSERT_TRUE(await(shim, Kind::Gone));
  EXPECT_EQ(shim.count(Kind::Exited), 0U);
  const auto record = read_instance_record(spec.run_dir);
  ASSERT_TRUE(record);
  EXPECT_TRUE(await([&] {
    const auto shim_process = ProcessRef::open(record->shim);
    return !shim_process || shim_process->has_exited();
  }));
  EXPECT_TRUE(ProcessRef::open(record->server));
  connect_to_server();
  EXPECT_FALSE(ShimClient::connect(*loop_, spec.run_dir, {}));
  // The server still writes its log.
  ASSERT_TRUE(ProcessRef::open(record->server)->send_signal(SIGTERM));
  EXPECT_TRUE(await([] { return processes() == 0; }));
}

TEST_F(SuperviseTest, AShimThatIsKilledIsKnownFromItsDirectory) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  EXPECT_TRUE(is_claimed(spec.run_dir));
  ASSERT_TRUE(ProcessRef::open(shim.client->record().shim)->send_signal(SIGKILL));
  ASSERT_TRUE(await(shim, Kind::Gone));
  EXPECT_TRUE(await([&] { return !is_claimed(spec.run_dir); })) << "the server must not hold the lock";
}

// Clients.

TEST_F(SuperviseTest, SeveralClientsHearTheSame) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& first = serve(spec);
  Watched& second = connect(spec);
  EXPECT_EQ(second.client->record().state, InstanceState::Serving);
  ASSERT_TRUE(second.client->set_role({InstanceState::Canary, 10}).await());
  EXPECT_EQ(read_instance_record(spec.run_dir)->weight, 10);
  ASSERT_TRUE(second.client->drain({SIGTERM, kSoon}).await());
  ASSERT_TRUE(await(first, Kind::Gone));
  ASSERT_TRUE(await(second, Kind::Gone));
  EXPECT_EQ(first.count(Kind::Exited), 1U);
  EXPECT_EQ(second.count(Kind::Exited), 1U);
}

TEST_F(SuperviseTest, AClientThatDoesNotReadIsDropped) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  const auto connection = connect_for_packets(spec.run_dir, kControlSocket, kSoon);
  ASSERT_TRUE(connection);
  const std::string question = shim::to_text(shim::Request{1, shim::GetRecord{}});
  EXPECT_TRUE(await([&] {
    const Status sent = send_packet(connection->get(), question);
    return !sent && sent.error().os_error == EPIPE;
  }));
  EXPECT_TRUE(shim.client->take_listeners());
}

TEST_F(SuperviseTest, NonsenseIsAnsweredWithAnError) {
  const LaunchSpec spec = stub_spec(kListen);
  serve(spec);
  const auto connection = connect_for_packets(spec.run_dir, kControlSocket, kSoon);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(send_packet(connection->get(), R"({"v":1,"id":9,"request":"dance"})"));
  std::string answer;
  ASSERT_TRUE(await([&] {
    auto packet = receive_packet(connection->get());
    if (packet && *packet) answer = (*packet)->text;
    return !answer.empty();
  }));
  EXPECT_THAT(answer, HasSubstr(R"("reply":9)"));
  EXPECT_THAT(answer, HasSubstr(R"("kind":"unsupported")"));
}

TEST_F(SuperviseTest, AStrangerGetsNoAnswer) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can try as another user";
  const LaunchSpec spec = stub_spec(kListen);
  serve(spec);
  // Even if the file's mode allows it.
  ASSERT_EQ(::chmod((spec.run_dir + "/control.sock").c_str(), 0777), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(3);
    auto loop = Loop::create();
    const auto client = ShimClient::connect(**loop, spec.run_dir, {});
    ::_exit(client ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(SuperviseTest, HandsOutTheListenersOfWorkersToo) {
  LaunchSpec spec = stub_spec(listening("workers=3"));
  Watched& shim = serve(spec);
  ASSERT_TRUE(await([&] { return shim.client->take_listeners()->size() == 3; }));
  const auto listeners = shim.client->take_listeners();
  ASSERT_TRUE(listeners);
  for (const auto& listener : *listeners) {
    EXPECT_EQ(listener.bound.text(), "127.0.0.1:8080");
    struct stat info{};
    ASSERT_EQ(::fstat(listener.fd.get(), &info), 0);
    EXPECT_EQ(info.st_ino, listener.inode);
  }
}

TEST_F(SuperviseTest, AListenerOfNoAddressOfTheAppIsNotHandedOut) {
  Watched& shim = launch_and_await(stub_spec({"--listen", "127.0.0.1:8080", "--listen", "127.0.0.1:8081"}));
  ASSERT_TRUE(await(shim, Kind::NotifiedReady));
  const auto listeners = shim.client->take_listeners();
  ASSERT_TRUE(listeners);
  ASSERT_EQ(listeners->size(), 1U);
  EXPECT_EQ(listeners->front().bound.port, 8080);
}

TEST_F(SuperviseTest, HoldsSteeringForTheNextRollctl) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  SteeringHandle handle;
  handle.bound = ListenAddress::parse("127.0.0.1:8080")->endpoint;
  handle.slots = {3, 4};
  std::vector<ino_t> inodes;
  for (Fd* fd : {&handle.program, &handle.sockets, &handle.state, &handle.probes, &handle.counters}) {
    *fd = std::move(make_pipe()->read);
    struct stat info{};
    ASSERT_EQ(::fstat(fd->get(), &info), 0);
    inodes.push_back(info.st_ino);
  }
  std::vector<SteeringHandle> handles;
  handles.push_back(std::move(handle));
  ASSERT_TRUE(shim.client->hold_steering(std::move(handles)).await());
  shim.client.reset();
  Watched& next = connect(spec);
  const auto taken = next.client->take_steering();
  ASSERT_TRUE(taken);
  ASSERT_EQ(taken->size(), 1U);
  const SteeringHandle& back = taken->front();
  EXPECT_EQ(back.bound.text(), "127.0.0.1:8080");
  EXPECT_THAT(back.slots, ElementsAre(3, 4));
  std::vector<ino_t> found;
  for (const Fd* fd : {&back.program, &back.sockets, &back.state, &back.probes, &back.counters}) {
    struct stat info{};
    ASSERT_EQ(::fstat(fd->get(), &info), 0);
    found.push_back(info.st_ino);
  }
  EXPECT_EQ(found, inodes);
  ASSERT_TRUE(next.client->hold_steering({}).await());
  EXPECT_TRUE(next.client->take_steering()->empty());
}

// Notifications.

TEST_F(SuperviseTest, ANotificationOfAStrangerIsIgnored) {
  LaunchSpec spec = shell_spec("read x <&3; exec \"$@\"");
  spec.argv.insert(spec.argv.end(), {"sh", program_path("stub_server"), "--listen", "127.0.0.1:8080"});
  spec.gate = LaunchSpec::Gate::Closed;
  Watched& shim = launch_and_await(spec);
  const Fd stranger(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, (spec.run_dir + "/notify.sock").c_str());
  // More datagrams than the kernel queues: the shim reads those of strangers, too.
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(::sendto(stranger.get(), "READY=1", 7, 0, reinterpret_cast<const sockaddr*>(&address),
                       sizeof address),
              7);
  }
  ASSERT_TRUE(shim.client->set_role({InstanceState::Ready, 0}).await());
  EXPECT_FALSE(shim.client->record().notified_ready);
  ASSERT_TRUE(shim.client->open_gate());
  EXPECT_TRUE(await(shim, Kind::NotifiedReady));
}

TEST_F(SuperviseTest, AChildOfTheServerMayNotify) {
  const LaunchSpec spec = shell_spec(program_path("stub_server") + " --listen 127.0.0.1:8080 & wait");
  Watched& shim = launch_and_await(spec);
  EXPECT_TRUE(await(shim, Kind::NotifiedReady));
}

TEST_F(SuperviseTest, KeepsTheStatusText) {
  Watched& shim = launch_and_await(stub_spec(listening("status=all is well")));
  ASSERT_TRUE(await(shim, Kind::NotifiedReady));  // of the same message
  EXPECT_EQ(shim.client->record().status, "all is well");
  EXPECT_TRUE(await([&] {
    return read_instance_record(shim.client->record().spec.run_dir)->status == "all is well";
  })) << "the file may be a moment late";
}

TEST_F(SuperviseTest, AServerThatUsesNoNotificationsIsNoProblem) {
  Watched& shim = launch_and_await(stub_spec(listening("notify-silent")));
  ASSERT_TRUE(await([&] { return shim.client->take_listeners()->size() == 1; }));
  drain_to_the_end(shim);
}

TEST_F(SuperviseTest, AFullLogIsTheServersOwnAffair) {
  const LaunchSpec spec = stub_spec(listening("log=30000000"));
  Watched& shim = serve(spec);
  EXPECT_GE(std::filesystem::file_size(spec.log_path), 30'000'000U);
  drain_to_the_end(shim);
}

// Orders in flight.

TEST_F(SuperviseTest, OrdersAreAcknowledgedInWhateverOrderSomebodyAsks) {
  Watched& first = serve(stub_spec(kListen));
  Watched& second = launch_and_await(shell_spec("exec sleep 600", 2));
  Acknowledgement serving = first.client->set_role({InstanceState::Serving, 60});
  Acknowledgement settling = first.client->set_role({InstanceState::Settling});
  Acknowledgement other = second.client->set_role({InstanceState::Serving, 40});
  EXPECT_TRUE(other.await());
  EXPECT_TRUE(settling.await());
  EXPECT_TRUE(serving.await());
  EXPECT_TRUE(serving.await()) << "a second time";
  EXPECT_EQ(first.client->record().state, InstanceState::Settling);
  EXPECT_EQ(second.client->record().weight, 40);
}

TEST_F(SuperviseTest, AnOrderIsNeverAcknowledgedOnceItsClientHasGone) {
  Watched& shim = serve(stub_spec(kListen));
  Acknowledgement serving = shim.client->set_role({InstanceState::Serving, 100});
  shim.client.reset();
  const Status heard = serving.await();
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().kind, ErrorKind::NotFound);
}

TEST_F(SuperviseTest, AShimThatHoldsNoSteeringIsNotAskedForIt) {
  const LaunchSpec spec = stub_spec(kListen);
  serve(spec);
  Watched& other = connect(spec);
  const auto process = ProcessRef::open(other.client->record().shim.pid);
  ASSERT_TRUE(process);
  ASSERT_TRUE(process->send_signal(SIGSTOP));
  const auto handles = other.client->take_steering();
  ASSERT_TRUE(process->send_signal(SIGCONT));
  ASSERT_TRUE(handles) << handles.error().message;
  EXPECT_TRUE(handles->empty());
}

// Idle cost.

TEST_F(SuperviseTest, AnIdleShimNeverWakesUp) {
  const LaunchSpec spec = stub_spec(kListen);
  Watched& shim = serve(spec);
  const std::string status = "/proc/" + std::to_string(shim.client->record().shim.pid) + "/status";
  const auto switches = [&] {
    std::ifstream file(status);
    std::string text;
    for (std::string line; std::getline(file, line);) {
      if (line.find("ctxt_switches") != std::string::npos) text += line + "\n";
    }
    return text;
  };
  shim.client.reset();
  // The shim notices that its client has gone; after that it must not wake up.
  bool is_quiet = false;
  for (int i = 0; i < 5 && !is_quiet; ++i) {
    const std::string before = switches();
    ::usleep(500'000);
    is_quiet = switches() == before;
  }
  EXPECT_TRUE(is_quiet);
}

}  // namespace
}  // namespace rollctl::test
