// SPDX-License-Identifier: MIT
// Any packets to a shim's control socket, with any number of descriptors: the shim's answers can be parsed,
// and it keeps no descriptor that its supervisor does not hold.
//
// The input is a row of packets, each ended by a newline. The first byte of a packet is the number of
// descriptors that go with it: '0' none, '5' five.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/packet_socket.h"
#include "loop/loop.h"
#include "supervise/control.h"
#include "unit/supervise/fake_roles.h"

namespace {

constexpr rollctl::Millis kPatience{10'000};

void require(bool holds) {
  if (!holds) std::abort();
}

struct Folder {
  Folder() {
    char name[] = "/tmp/roll-fuzz-XXXXXX";
    require(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

// A shim with a fake server and network.
struct FuzzedShim {
  explicit FuzzedShim(rollctl::Loop& loop, const std::string& folder)
      : supervisor({clock, process, network, output, lock_gate, http_clients}, rollctl::LaunchSpec{},
                   rollctl::ProcessId{}) {
    process.shim = &supervisor;
    auto made = rollctl::Control::create(loop, folder,
                                         {[this](const rollctl::shim::Launch&) { return start(); },
                                          [this] { return start(); }, [this] { ++changes; }});
    require(made.has_value());
    control = std::move(*made);
    control->serve(supervisor, network);
  }

  rollctl::Status start() {
    if (supervisor.phase() != rollctl::Phase::Staged)
      return rollctl::fail(rollctl::ErrorKind::Invalid, "it is launched already");
    supervisor.start({});
    return {};
  }

  rollctl::test::PushedClock clock;
  rollctl::test::FakeServer process;
  rollctl::test::FakeNetwork network;
  rollctl::test::RecordingOutput output;
  rollctl::test::FakeAppLockGate lock_gate;
  rollctl::test::FakeHttpClients http_clients;
  rollctl::Supervisor supervisor;
  std::unique_ptr<rollctl::Control> control;
  int changes = 0;
};

void read_answers(int client) {
  for (;;) {
    const auto packet = rollctl::receive_packet(client);
    if (!packet || !*packet) return;
    require(rollctl::shim::parse_from_shim((*packet)->text).has_value());
  }
}

void talk(FuzzedShim& shim, rollctl::Loop& loop, std::string_view input) {
  int ends[2] = {};
  require(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  const rollctl::Fd client(ends[0]);
  const rollctl::Fd carried(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  shim.control->adopt_launcher(rollctl::Fd(ends[1]));
  while (!input.empty()) {
    const size_t end = std::min(input.find('\n'), input.size());
    const std::string_view frame = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    if (frame.empty()) continue;
    const std::vector<int> fds(static_cast<unsigned char>(frame[0] - '0') % 16, carried.get());
    const int before = shim.changes;
    if (!rollctl::send_packet(client.get(), frame.substr(1), fds))
      break;  // the shim has hung up, or the packet is empty
    require(loop.run_until([&] { return shim.changes > before; }, loop.now() + kPatience) ==
            rollctl::WaitEnd::Satisfied);
    read_answers(client.get());
  }
}

int lowest_free_descriptor() {
  return rollctl::Fd(::dup(STDERR_FILENO)).get();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto loop = std::move(*rollctl::Loop::create());
  static const Folder folder;
  const int free = lowest_free_descriptor();
  {
    FuzzedShim shim(*loop, folder.path);
    talk(shim, *loop, std::string_view(reinterpret_cast<const char*>(data), size));
  }
  require(lowest_free_descriptor() == free);
  return 0;
}
