// SPDX-License-Identifier: MIT
// The promise with servers that others wrote, unmodified: deploy after deploy under load, and every request
// that was sent is answered. A folder beside this file is a peer: its app file and what its server reads.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "faults/client_load.h"
#include "support/app_fixture.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;
constexpr int kInstances = 2;         // in all app files
constexpr int kBetweenDeploys = 500;  // requests, each on a connection of its own

int deploys() {
  const char* wanted = std::getenv("ROLL_PEER_DEPLOYS");
  return wanted != nullptr ? std::atoi(wanted) : 5;
}

std::string node_with_reuse_port() {
  const char* named = std::getenv("ROLL_PEER_NODE");
  return named != nullptr ? named : ROLL_PEER_NODE;
}

struct Peer {
  const char* folder;
  const char* program;  // what has to be there
  std::optional<uid_t> uid = {};
};

void PrintTo(const Peer& peer, std::ostream* out) {  // NOLINT(readability-identifier-naming): gtest's name
  *out << peer.folder << (peer.uid ? " as an ordinary user" : "");
}

// `text` with each of the words for a place replaced.
std::string with_places(std::string text, const std::string& files) {
  for (const auto& [word, place] : {std::pair<std::string, std::string>{"$FILES", files},
                                    std::pair<std::string, std::string>{"$NODE", node_with_reuse_port()}})
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + place.size()))
      text.replace(at, word.size(), place);
  return text;
}

bool is_there(const std::string& program) {
  const std::string path = with_places(program, {});
  if (path.find('/') != std::string::npos) return access(path.c_str(), X_OK) == 0;
  for (const char* folder : {"/usr/bin/", "/usr/sbin/"})
    if (access((folder + path).c_str(), X_OK) == 0) return true;
  return false;
}

class PeersTest : public AppTest, public testing::WithParamInterface<Peer> {};

INSTANTIATE_TEST_SUITE_P(
    Of, PeersTest,
    testing::Values(Peer{"naive", "python3"}, Peer{"nginx", "nginx"}, Peer{"node", "$NODE"},
                    Peer{"node_preload", "node"}, Peer{"gunicorn", "gunicorn"}, Peer{"haproxy", "haproxy"},
                    Peer{"python_idle", "python3"}, Peer{"naive", "python3", kNobody},
                    Peer{"nginx", "nginx", kNobody}, Peer{"haproxy", "haproxy", kNobody},
                    Peer{"node", "$NODE", kNobody}, Peer{"node_preload", "node", kNobody},
                    Peer{"python_idle", "python3", kNobody}),
    [](const auto& of) { return of.param.folder + std::string(of.param.uid ? "_as_an_ordinary_user" : ""); });

TEST_P(PeersTest, AnswerAllThatIsSent) {
  const Peer peer = GetParam();
  if (!is_there(peer.program))
    GTEST_SKIP() << "no " << with_places(peer.program, {})
                 << ": packaging/setup test and tests/peers/fetch_node";
  if (peer.uid && geteuid() != 0) GTEST_SKIP() << "changes its uid, which only root may";
  ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "0"));
  fs::create_directory(path("files"));
  for (const auto& file : fs::directory_iterator(fs::path(ROLL_PEERS) / peer.folder))
    fs::copy(file.path(), path("files"));
  write_app(with_places(read(path("files/app.toml")), path("files")));
  if (peer.uid) run_as(*peer.uid);
  ASSERT_THAT(rollctl({"deploy", "web", "v0"}), ExitsWith(0));

  json books;
  std::string handover;
  {
    auto load = ClientLoad::begin({"--connect", "64"});
    ASSERT_TRUE(load) << load.error().message;
    for (int number = 1; number <= deploys(); ++number) {
      const Said said =
          rollctl({"deploy", "web", fmt::format("v{}", number), "--handover", "steer", "--json"});
      ASSERT_THAT(said, ExitsWith(0));
      handover = said.event("deploy.started")["handover"].dump();
      EXPECT_EQ(said.event("deploy.finished")["connections_cut"], 0) << said.out;
      ASSERT_TRUE(load->await(kBetweenDeploys).is_object()) << "roll-load has gone";
    }
    books = load->end();
  }
  EXPECT_GT(books["sent"], deploys() * kBetweenDeploys);
  EXPECT_EQ(books["sent"], books["answered"]) << summary_of(books);
  EXPECT_EQ(books["failed"], 0) << summary_of(books);
  EXPECT_EQ(books["unsolicited"], 0);
  expect_only(fmt::format("v{}", deploys()), kInstances);
  fmt::print("{}: {} deploys by {}, {}, latency {}\n", testing::PrintToString(peer), deploys(), handover,
             summary_of(books), books["latency_ms"].dump());
}

}  // namespace
}  // namespace rollctl::test
