// SPDX-License-Identifier: MIT
#include <malloc.h>
#include <sys/stat.h>

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
#include "state/app_command.h"

namespace {

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
  // Loading BPF takes longer than parsing; the command's word alone says whether it is needed.
  auto steer_program =
      moves_traffic(arguments) ? roll::load_steer_program_ahead() : roll::SteerProgramAhead();
  const auto line = roll::parse_command_line(arguments);
  if (!line) return roll::Context(roll::guess_common_options(arguments), arguments).fail(line.error());
  if (!line->command) {
    roll::Context({}, arguments).out().write(line->text);
    return roll::kDone;
  }
  roll::Context context(line->common, arguments, std::move(steer_program));
  return context.finish(line->command->run(context));
}
