// SPDX-License-Identifier: MIT
#include "state/app_lock.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "process/json_reader.h"

namespace rollctl {

using nlohmann::json;

namespace {

constexpr const char* kLeaving = "leaving";
constexpr Millis kLockPause{2};
// A change has its end in the journal a moment before describe_leaving().
constexpr Millis kEndedPatience{50};

json to_json(const LockHolder& holder) {
  return {{"pid", holder.process.pid},         {"start_ticks", holder.process.start_ticks},
          {"boot_id", holder.process.boot_id}, {"user", holder.user},
          {"command", holder.command},         {"since", format_time(holder.since)},
          {"attends", holder.attends}};
}

}  // namespace

Result<FileLock> lock_app(const std::string& lock_path, const LockHolder& self, Millis patience,
                          const std::function<void(Millis)>& pause) {
  auto lock = FileLock::try_acquire(lock_path);
  const auto lets_go_soon = [&](Millis waited) {
    const auto holder = lock_holder(lock_path);
    if (!holder) return false;
    return !*holder || (!(*holder)->attends && waited < kEndedPatience);
  };
  for (auto waited = Millis(0); lock && !*lock && waited < patience && lets_go_soon(waited);
       waited += kLockPause) {
    pause ? pause(kLockPause) : std::this_thread::sleep_for(kLockPause);
    lock = FileLock::try_acquire(lock_path);
  }
  if (!lock) return fail(lock.error());
  if (!*lock) {
    // The lock is held even if its holder is unknown.
    const auto holder = lock_holder(lock_path).value_or(std::nullopt);
    const std::string who = holder
                                ? fmt::format("`rollctl {}` (pid {}, user {}, since {})", holder->command,
                                              holder->process.pid, holder->user, format_time(holder->since))
                                : "another rollctl";
    return fail(ErrorKind::Busy, fmt::format("the app is being changed by {}", who),
                "wait for it, or watch it with `rollctl status --watch`");
  }
  if (Status written = (*lock)->describe_holder(json_text(to_json(self))); !written)
    return fail(written.error());
  return std::move(**lock);
}

Status describe_leaving(FileLock& lock, const LockHolder& self) {
  json leaving = to_json(self);
  leaving[kLeaving] = true;
  return lock.describe_holder(json_text(leaving));
}

Status describe_attending(FileLock& lock, LockHolder self) {
  self.attends = true;
  return lock.describe_holder(json_text(to_json(self)));
}

Result<std::optional<LockHolder>> lock_holder(const std::string& lock_path) {
  const auto text = FileLock::read_holder(lock_path);
  if (!text) return fail(text.error());
  const auto object = parse_json_object(*text, lock_path);
  if (!object) return std::nullopt;
  LockHolder holder;
  if (object->contains(kLeaving)) return std::nullopt;
  JsonReader reader(*object, lock_path);
  reader.get("pid", holder.process.pid);
  reader.get("start_ticks", holder.process.start_ticks);
  reader.get("boot_id", holder.process.boot_id);
  reader.get("user", holder.user);
  reader.get("command", holder.command);
  reader.get("since", holder.since);
  if (reader.find("attends") != nullptr) reader.get("attends", holder.attends);
  if (!reader.status()) return std::nullopt;
  // The description outlives the lock: it is valid while its writer lives.
  const auto process = ProcessRef::open(holder.process);
  if (process ? process->has_exited() : process.error().kind == ErrorKind::NotFound) return std::nullopt;
  // NotPermitted: /proc hides the process, so it lives.
  if (!process && process.error().kind != ErrorKind::NotPermitted) return fail(process.error());
  return holder;
}

}  // namespace rollctl
