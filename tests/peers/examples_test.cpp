// SPDX-License-Identifier: MIT
// The app files of packaging/examples are right, and are what the tests load.peer_* roll.
#include <filesystem>
#include <set>

#include "peers/peer.h"
#include "support/app_fixture.h"

namespace rollctl::test {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::HasSubstr;

std::vector<fs::path> examples() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(ROLL_PEER_EXAMPLES))
    if (entry.path().extension() == ".toml") found.push_back(entry.path());
  return found;
}

using ExamplesTest = AppTest;

TEST_F(ExamplesTest, AreAcceptedByCheck) {
  EXPECT_GE(examples().size(), 10U);
  for (const fs::path& example : examples()) {
    const json checked = rollctl({"check", example, "--json"}).lines().front();
    ASSERT_TRUE(checked.contains("findings")) << example << checked;
    // Not each server is on each host.
    for (const json& finding : checked["findings"])
      EXPECT_THAT(finding["message"].get<std::string>(),
                  AnyOf(HasSubstr("\"java\" is not in PATH"), HasSubstr("\"roll-httpd\" is not in PATH")))
          << example;
  }
}

TEST_F(ExamplesTest, AreRolled) {
  std::set<std::string> rolled{"web.toml"};  // by the examples of rollctl-runbook(7)
  for (const Peer& peer : read_peers(ROLL_PEERS, ROLL_PEER_EXAMPLES)) rolled.insert(peer.example);
  for (const fs::path& example : examples()) EXPECT_TRUE(rolled.contains(example.filename())) << example;
}

}  // namespace
}  // namespace rollctl::test
