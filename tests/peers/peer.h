// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace rollctl::test {

// A server that others wrote, as its folder describes it: `app.toml` or an example of packaging/examples, the
// files that its server reads, and `peer.toml`, whose keys README.md explains.
struct Peer {
  std::string name;     // of the folder
  std::string folder;   // its files
  std::string program;  // in PATH or /usr/sbin, or a path
  bool optional = false;
  std::string example;  // its app file is this one of packaging/examples; or empty
  std::string app;      // text of the app file, with $FILES and $NODE for places
  std::string way;      // in short: how it opens its port, its signal, its readiness
  std::string breaks, broken;
  std::vector<std::string> prepare;
  std::string says, answers;
  enum class Kept { Answered, Cut, None } kept = Kept::Answered;
  enum class Begun { Answered, Cut, None } begun = Begun::Answered;
  bool as_ordinary_user = false;
  std::string asks;  // `http` in [drain], where its clients are asked to leave

  [[nodiscard]] bool is_http() const { return says.empty(); }
};

// All below `folder`, by name. Ends the program where one cannot be read: no test would notice that it is
// missing.
std::vector<Peer> read_peers(const std::string& folder, const std::string& examples);

}  // namespace rollctl::test
