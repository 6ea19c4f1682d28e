// SPDX-License-Identifier: MIT
#include "state/app_lock.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace roll {

using nlohmann::json;

namespace {

std::string describe(const std::string& text) {
  const json holder = json::parse(text, nullptr, false);
  if (!holder.is_object()) return "another rollctl";
  return fmt::format("`rollctl {}` (pid {}, user {}, since {})", holder.value("command", "?"),
                     holder.value("pid", 0), holder.value("user", "?"), holder.value("since", "?"));
}

}  // namespace

Result<FileLock> lock_app(const std::string& lock_path, const LockHolder& self) {
  auto lock = FileLock::try_acquire(lock_path);
  if (!lock) return fail(lock.error());
  if (!*lock)
    return fail(ErrorKind::Busy,
                fmt::format("the app is being changed by {}", describe(FileLock::read_holder(lock_path))),
                "wait for it, or watch it with `rollctl status --watch`");
  const json text{
      {"pid", self.pid}, {"user", self.user}, {"command", self.command}, {"since", format_time(self.since)}};
  if (Status written = (*lock)->describe_holder(text.dump(-1, ' ', false, json::error_handler_t::replace));
      !written)
    return fail(written.error());
  return std::move(**lock);
}

}  // namespace roll
