// SPDX-License-Identifier: MIT
#include "state/freeze.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/own_file.h"
#include "process/json_reader.h"

namespace rollctl {

namespace {

constexpr mode_t kFreezeMode = 0600;

std::string freeze_path(const Paths& paths, const std::string& app) {
  return paths.state(app) + "/frozen.json";
}

}  // namespace

nlohmann::json to_json(const Freeze& freeze) {
  return {{"reason", bytes_to_json(freeze.reason)},
          {"user", bytes_to_json(freeze.caller.user)},
          {"via", bytes_to_json(freeze.caller.via)},
          {"since", format_time(freeze.since)}};
}

Status keep_freeze(const Paths& paths, const std::string& app, const Freeze& freeze) {
  constexpr mode_t kPrivate = 0700;
  ROLL_TRY(make_directories(paths.state(app), kPrivate));
  ROLL_TRY(check_own_folder(paths.state(app)));
  nlohmann::json object = to_json(freeze);
  object["v"] = 1;
  return write_file_atomically(freeze_path(paths, app), json_text(object) + "\n", kFreezeMode,
                               Durability::Synced);
}

Result<std::optional<Freeze>> read_freeze(const Paths& paths, const std::string& app) {
  const std::string path = freeze_path(paths, app);
  const auto text = read_own_file(path);
  if (!text && text.error().kind == ErrorKind::NotFound) return std::nullopt;
  if (!text) return fail(text.error());
  const auto object = parse_json_object(*text, path);
  if (!object) return fail(object.error());
  JsonReader reader(*object, path);
  Freeze freeze;
  reader.get("reason", freeze.reason);
  reader.get("user", freeze.caller.user);
  reader.get("via", freeze.caller.via);
  reader.get("since", freeze.since);
  ROLL_TRY(reader.status());
  return freeze;
}

Result<bool> end_freeze(const Paths& paths, const std::string& app) {
  const std::string path = freeze_path(paths, app);
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return fail(last_os_failure("cannot remove " + path));
}

Status check_not_frozen(const Paths& paths, const std::string& app) {
  ROLL_TRY_ASSIGN(const std::optional<Freeze> freeze, read_freeze(paths, app));
  if (!freeze) return {};
  return fail(
      ErrorKind::Busy,
      fmt::format("{} has been frozen by {} since {}: {}", app, freeze->caller.user,
                  format_time(freeze->since), freeze->reason),
      fmt::format("`rollctl thaw {}` ends that; stop, start, rollback and abort work all the same", app));
}

}  // namespace rollctl
