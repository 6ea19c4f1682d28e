// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/generation_spec.h"

namespace rollctl {

// Fixes what a generation runs, at the time of its deploy, so that a restart after a crash and a rollback run
// the same:
//
//   - A symbolic link to a folder on the way to a file, as in /srv/current/bin/web, is replaced by the folder
//     that it names now. That holds for `workdir`, `env_file` and each word of `command` that is the absolute
//     path of a file. A file that is a link itself keeps its name: its program may look at that name.
//   - `spec.env_file` gets the variables of that file, if it can be read: a check tells of one that cannot.
//   - `spec.files` gets the identity of the program and, as an interpreter's script, of the word behind it.
//
// Words with {instance}, {run_dir} or {probe_port} stay as they are. Looks at the file system; what is not
// there stays as it is.
void pin_release(GenerationSpec& spec);

// A path of the app file, expanded, and what pin_release() makes of it.
struct PinnedPath {
  std::string key;  // "command"
  std::string path;
  std::string target;

  bool operator==(const PinnedPath&) const = default;
};

// The paths that pin_release() would replace, except for those of a merged /usr. Without a release, before
// the first deploy, only those that do not depend on it.
std::vector<PinnedPath> pinned_paths(const GenerationSpec& spec);

// The files of `spec.files` that are others now, or not there.
std::vector<std::string> changed_files(const GenerationSpec& spec);

}  // namespace rollctl
