// SPDX-License-Identifier: MIT
#include "faults/client_load.h"

#include <fmt/format.h>

namespace rollctl::test {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto kPatienceWithClients = 60s;
constexpr int kWarmUp = 20;

}  // namespace

Result<ClientLoad> ClientLoad::begin(const std::vector<std::string>& options) {
  ChildSpec spec{.argv = {program_path("roll-load"), "--target", "127.0.0.1:8080", "--path", "/index.html",
                          "--json", "--until-stdin-eof"}};
  spec.argv.insert(spec.argv.end(), options.begin(), options.end());
  spec.input = Input::Pipe;
  auto process = ChildProcess::spawn(std::move(spec));
  if (!process) return fail(process.error());
  ClientLoad load(std::move(*process));
  if (!load.await(kWarmUp).is_object()) return fail(ErrorKind::Failed, load.process_.errors());
  return load;
}

json ClientLoad::ask(const std::string& command) {
  if (!process_.write_input(command + "\n")) return nullptr;
  return read_books();
}

json ClientLoad::end() {
  process_.close_input();
  json books = read_books();
  (void)process_.wait(kPatienceWithClients);
  return books;
}

json ClientLoad::read_books() {
  const auto line = process_.read_line(kPatienceWithClients);
  return line ? json::parse(*line, nullptr, false) : json(nullptr);
}

std::string summary_of(const json& books) {
  if (!books.is_object()) return "no books";
  return fmt::format("sent {}, answered {}, failed {} {}, first {}", books["sent"].dump(),
                     books["answered"].dump(), books["failed"].dump(), books["failures"].dump(),
                     books.value("first_failures", json::array()).dump());
}

}  // namespace rollctl::test
