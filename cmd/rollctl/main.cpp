// SPDX-License-Identifier: MIT
#include <malloc.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "base/descriptor_limit.h"
#include "base/new_child.h"
#include "base/privilege.h"
#include "base/standard_descriptors.h"
#include "process/app_command.h"
#include "rollctl/command_line.h"
#include "rollctl/context.h"
#include "rollctl/exit_status.h"

int main(int argc, char** argv) {
  // First: a file opened later must not get descriptor 0, 1 or 2.
  if (const rollctl::Status opened = rollctl::open_standard_descriptors(); !opened) return rollctl::kFailed;
  ::umask(rollctl::kMask);
  // A heap for each of the few short threads would cost more than sharing one.
  ::mallopt(M_ARENA_MAX, 1);
  rollctl::raise_descriptor_limit();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (rollctl::is_set_id())
    return rollctl::Context(rollctl::guess_common_options(arguments), arguments)
        .fail({rollctl::ErrorKind::NotPermitted, 0,
               "rollctl refuses to run setuid or setgid: its caller could start any program as "
               "that user or group",
               "remove both bits: chmod ug-s /usr/bin/rollctl"});
  const auto line = rollctl::parse_command_line(arguments);
  if (!line) return rollctl::Context(rollctl::guess_common_options(arguments), arguments).fail(line.error());
  if (!line->command) {
    rollctl::Context({}, arguments).out().write(line->text);
    return rollctl::kDone;
  }
  rollctl::Context context(line->common, arguments);
  return context.finish(line->command->run(context));
}
