// SPDX-License-Identifier: MIT
#include "state/journal_archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/own_file.h"
#include "process/event_codec.h"
#include "state/history.h"

namespace rollctl {

namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestFirstLine = 4096;

std::string beside(const std::string& path, const std::string& name) {
  return (fs::path(path).parent_path() / name).string();
}

// journal.7.jsonl: 7.
int number_of(const std::string& archive) {
  constexpr std::string_view kBefore = "journal.";
  int number = 0;
  if (archive.starts_with(kBefore))
    (void)std::from_chars(archive.data() + kBefore.size(), archive.data() + archive.size(), number);
  return number;
}

bool are_one_file(const std::string& one, const std::string& other) {
  struct stat first{};
  struct stat second{};
  return ::lstat(one.c_str(), &first) == 0 && ::lstat(other.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// Links the journal under the next free name. An earlier attempt may already have done so.
Result<std::string> name_archive(const std::string& path, int number) {
  for (;; ++number) {
    std::string name = fmt::format("journal.{}.jsonl", number);
    const std::string archive = beside(path, name);
    if (::link(path.c_str(), archive.c_str()) == 0 || are_one_file(path, archive)) return name;
    if (errno != EEXIST) return fail(last_os_failure("cannot make " + archive));
  }
}

std::string line_of(const Event& event, const std::string& app) {
  return event_line(event, app) + '\n';
}

// A change, and the places of its first and last event.
struct Told {
  Change change;
  size_t began = 0;
  size_t ended = 0;
};

std::vector<Told> changes_in(const std::vector<Event>& events) {
  std::vector<Told> changes;
  for (size_t index = 0; index < events.size(); ++index) {
    const Event& event = events[index];
    if (const auto* started = std::get_if<DeployStarted>(&event.body)) {
      changes.push_back({begin_change(event, *started), index, index});
    } else if (const auto* finished = std::get_if<DeployFinished>(&event.body);
               finished != nullptr && !changes.empty() && !changes.back().change.has_ended()) {
      end_change(*finished, changes.back().change);
      changes.back().ended = index;
    }
  }
  return changes;
}

}  // namespace

std::optional<JournalBeginning> read_journal_beginning(int fd) {
  std::string text(kLongestFirstLine, '\0');
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  const size_t end = text.find('\n');
  if (end == std::string::npos || text.find(DeployArchived::kName) > end) return std::nullopt;
  const auto event = parse_event_line(std::string_view(text).substr(0, end));
  const auto* archived = event ? std::get_if<DeployArchived>(&event->body) : nullptr;
  if (archived == nullptr || archived->file.find('/') != std::string::npos) return std::nullopt;
  return JournalBeginning{archived->file, archived->scaling, static_cast<off_t>(end) + 1 + archived->bytes};
}

Status archive_journal(const std::string& path, const std::string& app, const KeptEvents& kept) {
  const auto journal = open_own_file(path, O_RDONLY);
  if (!journal) return fail(journal.error());
  const auto before = read_journal_beginning(journal->get());
  const auto archive = name_archive(path, before ? number_of(before->archive) + 1 : 1);
  if (!archive) return fail(archive.error());
  // The archive's name must be on the disk before the journal is replaced.
  if (Status synced = sync_file(beside(path, *archive)); !synced) return synced;
  std::string copies;
  for (const Event& event : kept.events) copies += line_of(event, app);
  const DeployArchived archived{kept.id, *archive, static_cast<int64_t>(copies.size()), kept.tell_of_scaling};
  const Event beginning{archived, kept.generation, SystemClock().wall_now()};
  return write_file_atomically(path, line_of(beginning, app) + copies, 0600, Durability::Synced);
}

KeptEvents events_to_keep(const std::vector<Event>& events) {
  const History history = fold(events);
  const std::vector<Told> changes = changes_in(events);
  std::vector<size_t> kept;
  const auto keep = [&](const Told& told) {
    kept.push_back(told.began);
    kept.push_back(told.ended);
  };
  const auto keep_last = [&](const auto& is_wanted) {
    const auto found = std::find_if(changes.rbegin(), changes.rend(), is_wanted);
    if (found != changes.rend()) keep(*found);
  };
  const auto succeeded = [](const Told& told, AppCommand command) {
    return told.change.outcome == Outcome::Deployed && told.change.command == command;
  };
  // Each of these determines a part of the state: the last change, the canary, stopped or not, the number of
  // instances, the current generation, the target of a rollback.
  keep_last([](const Told&) { return true; });
  if (history.canary) keep_last([](const Told& told) { return told.change.outcome == Outcome::Canary; });
  if (history.stopped) keep_last([&](const Told& told) { return succeeded(told, AppCommand::Stop); });
  if (history.scaled_to) keep_last([&](const Told& told) { return succeeded(told, AppCommand::Scale); });
  keep_last([&](const Told& told) {
    return told.change.outcome == Outcome::Deployed && told.change.command != AppCommand::Stop;
  });
  RollbackChain chain;
  bool has_current = false;
  for (auto told = changes.rbegin(); told != changes.rend(); ++told) {
    if (!told->change.has_completed()) continue;
    const auto link = chain.link_of(told->change);
    if (!std::exchange(has_current, true) || link != RollbackChain::Link::Restart) keep(*told);
    if (link == RollbackChain::Link::Target) break;
  }
  // A rollctl from before there were archives takes the last id from a launch.
  for (size_t index = events.size(); index > 0; --index) {
    if (!is<InstanceStarting>(events[index - 1])) continue;
    kept.push_back(index - 1);
    break;
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  KeptEvents result{history.last_generation, history.last_instance, false, {}};
  for (const size_t index : kept) result.events.push_back(events[index]);
  return result;
}

}  // namespace rollctl
