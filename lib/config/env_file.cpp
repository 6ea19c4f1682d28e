// SPDX-License-Identifier: MIT
#include "config/env_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/atomic_file.h"
#include "base/path_walk.h"
#include "base/regular_file.h"

namespace rollctl {

namespace {

Result<std::string> read_walked(const std::string& path) {
  const auto walked = walk_path(path);
  if (!walked) return fail(walked.error());
  for (const UntrustedWriter& one : walked->untrusted) {
    if (one.could_read) continue;
    return fail(
        ErrorKind::Invalid,
        fmt::format("cannot give {} to the server: {} can replace it, through {}, but may not read it", path,
                    one.name(), one.where),
        fmt::format("let {} read the file, or keep it in a folder that only root can change", one.name()));
  }
  const auto file = open_regular(walked->entry, path);
  if (!file) return fail(file.error());
  auto text = read_all(file->get(), kLargestFile);
  if (!text) return fail(with_context(text.error(), path));
  return text;
}

}  // namespace

Result<std::string> read_env_file(const std::string& path) {
  auto text = read_walked(path);
  if (text) return text;
  Error error = text.error();
  // The app file names it: a missing or unreadable env_file makes the app file invalid.
  constexpr std::array kOfTheName{ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EAGAIN};
  if (std::ranges::find(kOfTheName, error.os_error) != kOfTheName.end()) error.kind = ErrorKind::Invalid;
  if (error.os_error == EAGAIN)
    error.hint = "another program holds a lease on it (fcntl(2)), or the file has no data yet";
  return fail(std::move(error));
}

}  // namespace rollctl
