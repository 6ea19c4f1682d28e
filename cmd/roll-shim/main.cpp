// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <string>
#include <string_view>

#include "base/descriptor_limit.h"
#include "base/fd.h"
#include "base/standard_descriptors.h"
#include "supervise/shim.h"

namespace {

constexpr std::string_view kHelp =
    "usage: roll-shim RUN_DIR\n"
    "\n"
    "The parent process of one server. rollctl starts it; do not start it by hand.\n"
    "RUN_DIR is the instance's directory, in which rollctl listens with the orders.\n";

constexpr std::string_view kVersion = "roll-shim " ROLL_VERSION " (part of rollctl)\n";

void say(int fd, std::string_view text) {
  (void)rollctl::write_all(fd, text);
}

}  // namespace

int main(int argc, char** argv) {
  if (!rollctl::open_standard_descriptors()) return 1;
  const std::string_view argument = argc == 2 ? argv[1] : "";
  if (argument == "--help" || argument == "-h") {
    say(STDOUT_FILENO, kHelp);
    return 0;
  }
  if (argument == "--version") {
    say(STDOUT_FILENO, kVersion);
    return 0;
  }
  if (argument.empty() || argument.front() == '-') {
    say(STDERR_FILENO, kHelp);
    return 2;
  }
  rollctl::raise_descriptor_limit();
  if (const rollctl::Status ended = rollctl::run_shim(std::string(argument)); !ended) {
    say(STDERR_FILENO, "roll-shim: " + ended.error().message + "\n");
    return 1;
  }
  return 0;
}
