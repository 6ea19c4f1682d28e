// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/child_process.h"

namespace rollctl::test {

// Closed-loop clients on 127.0.0.1:8080 that ask until they are told to stop.
class ClientLoad {
 public:
  // `options` of roll-load: clients, what they ask for. Returns when some of it was answered.
  static Result<ClientLoad> begin(const std::vector<std::string>& options);

  // The books now, and once `requests` further ones have come to an end. Null when roll-load has gone.
  nlohmann::json snapshot() { return ask("snapshot"); }
  nlohmann::json await(int requests) { return ask("await " + std::to_string(requests)); }

  // Waits for what is outstanding; the final books.
  nlohmann::json end();

 private:
  explicit ClientLoad(ChildProcess process) : process_(std::move(process)) {}
  nlohmann::json ask(const std::string& command);
  nlohmann::json read_books();
  ChildProcess process_;
};

// What matters of the books, in one line.
std::string summary_of(const nlohmann::json& books);

}  // namespace rollctl::test
