// SPDX-License-Identifier: MIT
#include <signal.h>

#include <cstdio>
#include <string>

#include "load/options.h"
#include "load/report.h"
#include "load/run.h"

namespace {

// A reader that has gone must not stop the load: its exit status still tells.
void print_line(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace rollctl::load;
  auto parsed = parse_options(argc, argv);
  if (const int* exit_status = std::get_if<int>(&parsed)) return *exit_status;
  const auto& options = std::get<Options>(parsed);
  signal(SIGPIPE, SIG_IGN);

  Run run(options, [](std::string_view event, const Ledger& ledger, rollctl::Millis elapsed) {
    print_line(json_report(event, ledger, elapsed));
  });
  auto ledger = run.run();
  if (!ledger) {
    std::fprintf(stderr, "roll-load: %s\n", ledger.error().message.c_str());
    return 1;
  }
  if (options.json) {
    print_line(json_report("final", *ledger, run.elapsed()));
  } else {
    std::fputs(text_report(*ledger, run.elapsed()).c_str(), stdout);
  }
  return ledger->is_clean() ? 0 : 1;
}
