// SPDX-License-Identifier: MIT
// The promise with servers that others wrote, unmodified: every request that was sent is answered while they
// are deployed three times, once with a release that does not start, and rolled back.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "faults/client_load.h"
#include "peers/peer.h"
#include "support/app_fixture.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;
constexpr int kBetweenDeploys = 300;  // requests
constexpr const char* kBroken = "broken";

int number_from(const char* variable, int otherwise) {
  const char* wanted = std::getenv(variable);
  return wanted != nullptr ? std::atoi(wanted) : otherwise;
}
int deploys() {
  return number_from("ROLL_PEER_DEPLOYS", 3);
}
int clients() {
  return number_from("ROLL_PEER_CLIENTS", 16);
}

std::string node_with_reuse_port() {
  const char* named = std::getenv("ROLL_PEER_NODE");
  return named != nullptr ? named : ROLL_PEER_NODE;
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
  std::istringstream folders(std::string(std::getenv("PATH")) + ":/usr/sbin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/" + path).c_str(), X_OK) == 0) return true;
  return false;
}

struct Rolled {
  Peer peer;
  std::optional<uid_t> uid = {};
  // With http = "close" in [drain].
  bool clients_are_asked = false;

  [[nodiscard]] std::string name() const {
    return peer.name + (uid ? "_as_an_ordinary_user" : "") +
           (clients_are_asked ? "_whose_clients_are_asked" : "");
  }
};

void PrintTo(const Rolled& rolled,
             std::ostream* out) {  // NOLINT(readability-identifier-naming): gtest's name
  *out << rolled.name();
}

std::vector<Rolled> all_rolled() {
  std::vector<Rolled> all;
  for (Peer& peer : read_peers(ROLL_PEERS, ROLL_PEER_EXAMPLES)) {
    if (peer.as_ordinary_user) all.push_back({peer, kNobody});
    const bool all_are_asked = std::getenv("ROLL_PEER_ASK_ALL") != nullptr && peer.kept != Peer::Kept::None;
    if (peer.kept == Peer::Kept::Cut || all_are_asked) {
      all.push_back({peer, std::nullopt, true});
      all.back().peer.kept = Peer::Kept::Answered;
    }
    all.push_back({std::move(peer)});
  }
  return all;
}

class PeersTest : public AppTest, public testing::WithParamInterface<Rolled> {
 protected:
  [[nodiscard]] static const Peer& peer() { return GetParam().peer; }

  void SetUp() override {
    AppTest::SetUp();
    if (IsSkipped()) return;
    fs::create_directories(ROLL_PEER_ROWS);
    fs::remove(row());
    ASSERT_TRUE(write_net_setting("ipv4/tcp_migrate_req", "0"));
    if (GetParam().uid) run_as(*GetParam().uid);
  }

  // What is read at the end of the run.
  [[nodiscard]] static std::string row() { return std::string(ROLL_PEER_ROWS) + "/" + GetParam().name(); }
  static void tell(const json& facts) { std::ofstream(row()) << facts.dump() << "\n"; }

  // The files of a release are those of the peer's folder, in one of its own.
  void make_release(const std::string& release) const {
    const fs::path files = path("files/" + release);
    fs::create_directories(files);
    fs::copy(peer().folder, files, fs::copy_options::recursive);
    if (release == kBroken && !peer().breaks.empty()) write(files / peer().breaks, peer().broken);
    for (const auto& file : fs::recursive_directory_iterator(files))
      if (file.is_regular_file() && text_names_places(file.path()))
        write(file.path(), with_release(with_places(read(file.path()), files), release));
    if (!peer().prepare.empty()) prepare(files);
  }
  void prepare(const std::string& files) const {
    ChildSpec spec{.argv = {}, .env = {"PATH=/usr/bin:/bin", "HOME=" + path("files"), "GO111MODULE=off"}};
    for (const std::string& word : peer().prepare) spec.argv.push_back(with_places(word, files));
    const auto prepared = run_child(std::move(spec), kLong);
    ASSERT_TRUE(prepared) << prepared.error().message;
    ASSERT_EQ(prepared->exit, ChildExit::with_code(0)) << prepared->errors;
  }
  static bool text_names_places(const fs::path& file) {
    const std::string text = read(file);
    return text.find("$FILES") != std::string::npos || text.find("$RELEASE") != std::string::npos;
  }
  static std::string with_release(const std::string& text, const std::string& release) {
    return std::regex_replace(text, std::regex(R"(\$RELEASE)"), release);
  }

  [[nodiscard]] Said deploy_release(const std::string& release) const {
    make_release(release);
    std::string app = with_places(peer().app, path("files/{release}"));
    // No user but the caller's own, who is none that may choose.
    if (GetParam().uid) app = std::regex_replace(app, std::regex("\nuser[^\n]*"), "");
    if (GetParam().clients_are_asked) app = with_clients_asked(app);
    if (release == kBroken && peer().breaks.empty())
      app = std::regex_replace(app, std::regex(R"((\ncommand *= *\[[^\]]*)\])"), "$1, \"--no-such-option\"]");
    write_app(app);
    return rollctl({"deploy", "web", release, "--handover", "steer", "--ready-deadline", "20s", "--json"});
  }

  static std::string with_clients_asked(const std::string& app) {
    const std::string line = fmt::format("\nhttp = \"{}\"\n", peer().asks);
    const size_t table = app.find("\n[drain]");
    if (table == std::string::npos) return app + "\n[drain]" + line;
    return app.substr(0, table + 8) + line + app.substr(table + 8);
  }

  // Requests of which the server has read all but the last byte when it is to end.
  [[nodiscard]] static Result<std::optional<ClientLoad>> begin_slow_load() {
    if (peer().begun == Peer::Begun::None) return std::nullopt;
    std::vector<std::string> options = what_they_say();
    options.insert(options.end(), {"--connect", "8", "--pause", "300ms"});
    auto begun = ClientLoad::begin(options);
    if (!begun) return fail(begun.error());
    return std::move(*begun);
  }
  [[nodiscard]] static std::vector<std::string> what_they_say() {
    if (peer().is_http()) return {};
    return {"--say", peer().says, "--expect", peer().answers};
  }
  [[nodiscard]] static Result<ClientLoad> begin_load() {
    std::vector<std::string> options = what_they_say();
    const int kept = peer().kept == Peer::Kept::None ? 0 : clients() / 2;
    options.insert(options.end(), {"--connect", std::to_string(clients() - kept)});
    if (kept > 0) options.insert(options.end(), {"--keepalive", std::to_string(kept)});
    return ClientLoad::begin(options);
  }

  static void expect_no_cut(const Said& said) {
    const json finished = said.event("deploy.finished");
    if (peer().kept != Peer::Kept::Cut) {
      EXPECT_EQ(finished["connections_cut"], 0) << said.out;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Of, PeersTest, testing::ValuesIn(all_rolled()),
                         [](const auto& of) { return of.param.name(); });

TEST_P(PeersTest, AnswerAllThatIsSent) {
  if (!is_there(peer().program)) {
    tell({{"absent", peer().program}});
    if (peer().optional) return;
    GTEST_SKIP() << "no " << with_places(peer().program, {})
                 << ": packaging/setup test and tests/peers/fetch_node";
  }
  if (GetParam().uid && geteuid() != 0) GTEST_SKIP() << "changes its uid, which only root may";
  ASSERT_THAT(deploy_release("v0"), ExitsWith(0));

  json books, slow_books;
  std::string handover;
  int wanted = 0;
  {
    auto load = begin_load();
    ASSERT_TRUE(load) << load.error().message;
    auto slow = begin_slow_load();
    ASSERT_TRUE(slow) << slow.error().message;
    const auto await_clients = [&] {
      ASSERT_TRUE(load->await(kBetweenDeploys).is_object()) << "roll-load has gone";
    };
    for (int number = 1; number <= deploys(); ++number) {
      const Said said = deploy_release(fmt::format("v{}", number));
      ASSERT_THAT(said, ExitsWith(0));
      handover = said.event("deploy.started")["handover"];
      expect_no_cut(said);
      ASSERT_NO_FATAL_FAILURE(await_clients());
    }
    const Said broken = deploy_release(kBroken);
    ASSERT_THAT(broken, ExitsWith(1));
    EXPECT_EQ(status()["release"], fmt::format("v{}", deploys()));
    ASSERT_NO_FATAL_FAILURE(await_clients());
    const Said back = rollctl({"rollback", "web", "--json"});
    ASSERT_THAT(back, ExitsWith(0));
    expect_no_cut(back);
    const json after = status();
    EXPECT_EQ(after["release"], fmt::format("v{}", deploys() - 1));
    wanted = after["wanted"];
    ASSERT_NO_FATAL_FAILURE(await_clients());
    books = load->end();
    if (*slow) slow_books = (*slow)->end();
  }
  const json& each = books["modes"]["connect"];
  EXPECT_GT(each["sent"], 0);
  EXPECT_EQ(each["sent"], each["answered"]) << summary_of(books);
  EXPECT_EQ(each["failed"], 0) << summary_of(books);
  EXPECT_EQ(books["unsolicited"], 0);
  if (peer().begun != Peer::Begun::None) {
    EXPECT_GT(slow_books["answered"], 0) << summary_of(slow_books);
  }
  if (peer().begun == Peer::Begun::Answered) {
    EXPECT_EQ(slow_books["failed"], 0) << summary_of(slow_books);
  }
  const json kept = books["modes"].value("keepalive", json{{"sent", 0}, {"failed", 0}});
  if (peer().kept == Peer::Kept::Answered) {
    EXPECT_EQ(kept["failed"], 0) << summary_of(books);
  }
  // One for each connection and each instance that ended.
  EXPECT_LE(kept["failed"], (deploys() + 2) * wanted * clients() / 2) << summary_of(books);
  EXPECT_THAT(rollctl({"stop", "web"}), ExitsWith(0));
  if (HasFailure() || std::getenv("ROLL_PEER_JOURNAL")) fmt::print("{}", read(journal_path()));

  tell({{"way", peer().way},
        {"handover", handover},
        {"deploys", deploys()},
        {"requests", each["sent"]},
        {"failed", each["failed"]},
        {"begun", slow_books.is_null() ? json(0) : slow_books["sent"]},
        {"begun_failed", slow_books.is_null() ? json(0) : slow_books["failed"]},
        {"kept", kept["sent"]},
        {"kept_failed", kept["failed"]},
        {"worst_ms", books["latency_ms"]["max"]}});
  fmt::print("{}: {}, latency {}\n", GetParam().name(), summary_of(books), books["latency_ms"].dump());
}

}  // namespace
}  // namespace rollctl::test
