// SPDX-License-Identifier: MIT
#include <malloc.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/steer_program_ahead.h"
#include "base/descriptor_limit.h"
#include "base/new_child.h"
#include "base/privilege.h"
#include "base/standard_descriptors.h"
#include "rollctl/command_line.h"
#include "rollctl/context.h"
#include "rollctl/exit_status.h"
#include "rollctl/verbs.h"

namespace {

using Verb = int (*)(roll::Context&, const roll::CommandLine&);

const std::map<std::string, Verb>& verbs() {
  static const std::map<std::string, Verb> kVerbs{
      {"deploy", roll::run_deploy},    {"restart", roll::run_restart}, {"rollback", roll::run_rollback},
      {"scale", roll::run_scale},      {"start", roll::run_start},     {"stop", roll::run_stop},
      {"remove", roll::run_remove},    {"status", roll::run_status},   {"history", roll::run_history},
      {"promote", roll::run_promote},  {"abort", roll::run_abort},     {"logs", roll::run_logs},
      {"check", roll::run_check},      {"doctor", roll::run_doctor},   {"recover", roll::run_recover},
      {"complete", roll::run_complete}};
  return kVerbs;
}

bool moves_traffic(const std::vector<std::string>& arguments) {
  const auto command = arguments.empty() ? std::nullopt : roll::parse_command(arguments.front());
  return command && roll::traits_of(*command).moves_traffic;
}

}  // namespace

int main(int argc, char** argv) {
  // Before anything is opened or made.
  if (const roll::Status opened = roll::open_standard_descriptors(); !opened) return roll::kFailed;
  ::umask(roll::kMask);
  // A heap for each of the few short threads would cost more than they wait for one another.
  ::mallopt(M_ARENA_MAX, 1);
  roll::raise_descriptor_limit();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (roll::is_set_id())
    return roll::Context(roll::guess_common_options(arguments), arguments)
        .fail({roll::ErrorKind::NotPermitted, 0,
               "rollctl does not run as another user or group than its caller: he could start anything as "
               "that one",
               "take the set-user-ID and set-group-ID bits from it: chmod ug-s"});
  // The first word tells it, and the kernel needs longer for the program than the rest of the line takes.
  auto steer_program =
      moves_traffic(arguments) ? roll::load_steer_program_ahead() : roll::SteerProgramAhead();
  auto parsed = roll::parse_command_line(arguments);
  if (!parsed) return roll::Context(roll::guess_common_options(arguments), arguments).fail(parsed.error());
  if (!parsed->command) {
    roll::Context({}, arguments).out().write(parsed->text);
    return roll::kDone;
  }
  roll::Context context(parsed->command->common, arguments, std::move(steer_program));
  return context.finish(verbs().at(parsed->command->verb)(context, *parsed->command));
}
