// SPDX-License-Identifier: MIT
#include "peers/peer.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

namespace rollctl::test {

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

void replace_all(std::string& text, const std::string& word, const std::string& by) {
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size()))
    text.replace(at, word.size(), by);
}

// An example serves from /srv on the port that its users know.
std::string rolled_example(std::string text, const toml::table* places) {
  if (places != nullptr)
    for (const auto& [word, place] : *places)
      replace_all(text, std::string(word), place.value_or<std::string>(""));
  text = std::regex_replace(text, std::regex(R"(/srv/\w+/\{release\})"), "$$FILES");
  return std::regex_replace(text, std::regex(R"(\nlisten *= *\[[^\]]*\])"),
                            "\nlisten = [\"127.0.0.1:8080\"]");
}

template <typename Outcome>
Outcome outcome_of(const std::string& word) {
  if (word == "answered") return Outcome::Answered;
  if (word == "cut") return Outcome::Cut;
  return Outcome::None;
}

std::string way_of(const std::string& app) {
  const toml::table keys = toml::parse(app);
  const bool idle = keys["drain"]["order"].value_or(std::string()) == "idle";
  return keys["socket"].value_or(std::string("open")) + ", " +
         (idle ? "idle" : keys["drain"]["signal"].value_or(std::string("SIGTERM"))) + ", " +
         keys["ready"]["kind"].value_or(std::string("listen"));
}

Peer read_peer(const fs::path& folder, const fs::path& examples) {
  const toml::table about = toml::parse(text_of(folder / "peer.toml"), (folder / "peer.toml").string());
  const auto text = [&](const char* key, const char* otherwise = "") {
    return about[key].value_or(std::string(otherwise));
  };
  Peer peer;
  peer.name = folder.filename();
  peer.folder = folder;
  peer.program = text("program");
  peer.optional = about["optional"].value_or(false);
  peer.breaks = text("breaks");
  peer.broken = text("broken", "no } server ( can { make sense of this\n");
  if (const toml::array* words = about["prepare"].as_array())
    for (const auto& word : *words) peer.prepare.push_back(word.value_or<std::string>(""));
  peer.says = text("says");
  peer.answers = text("answers");
  peer.kept = outcome_of<Peer::Kept>(text("kept", peer.is_http() ? "answered" : "none"));
  peer.begun = outcome_of<Peer::Begun>(text("begun", "answered"));
  peer.as_ordinary_user = about["as_ordinary_user"].value_or(false);
  peer.asks = text("asks", "close");
  peer.example = text("example");
  peer.app = peer.example.empty()
                 ? text_of(folder / "app.toml")
                 : rolled_example(text_of(examples / peer.example), about["places"].as_table());
  peer.way = way_of(peer.app);
  return peer;
}

}  // namespace

std::vector<Peer> read_peers(const std::string& folder, const std::string& examples) {
  std::vector<Peer> peers;
  for (const auto& entry : fs::directory_iterator(folder))
    if (fs::exists(entry.path() / "peer.toml")) peers.push_back(read_peer(entry.path(), examples));
  std::sort(peers.begin(), peers.end(),
            [](const Peer& one, const Peer& other) { return one.name < other.name; });
  return peers;
}

}  // namespace rollctl::test
