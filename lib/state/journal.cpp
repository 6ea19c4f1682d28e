// SPDX-License-Identifier: MIT
#include "state/journal.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/own_file.h"
#include "process/event_codec.h"
#include "state/journal_archive.h"
#include "state/journal_reader.h"

namespace rollctl {

namespace {

constexpr off_t kLongJournal = off_t{1} << 20;
// A journal that was never archived may hold years.
constexpr int kMostChangesForScaling = 500;

constexpr const char* kDiskHint =
    "free some disk space, or check the permissions of the file; this step changed nothing";

Status explain(const Status& written) {
  if (written) return {};
  Error error = with_context(written.error(), "cannot write the journal");
  error.hint = kDiskHint;
  return fail(std::move(error));
}

// How far back the new journal needs the old one.
struct Keeping {
  Reach rollback = Reach::rollback();
  Reach scaling = Reach::scaling();
  bool reaches_rollback = false;
  bool reaches_scaling = false;
  int changes = 0;

  bool is_enough(const Change& change) {
    reaches_rollback = rollback.is_enough(change) || reaches_rollback;
    reaches_scaling = scaling.is_enough(change) || reaches_scaling;
    return reaches_rollback && (reaches_scaling || ++changes >= kMostChangesForScaling);
  }
};

}  // namespace

Acknowledgement FileJournal::commit(const Event& event) {
  if (Status written = note(event); !written) return written;
  return Acknowledgement([this, lines = file_.lines()] { return explain(file_.sync(lines)); });
}

Status FileJournal::note(const Event& event) {
  return explain(file_.append(event_line(event, app_)));
}

Status FileJournal::archive() {
  const auto fd = open_own_file(file_.path(), O_RDONLY);
  if (!fd) return fail(fd.error());
  struct stat info{};
  if (::fstat(fd->get(), &info) != 0) return fail(last_os_failure("cannot look at " + file_.path()));
  const auto beginning = read_journal_beginning(fd->get());
  if (info.st_size - (beginning ? beginning->end : 0) < kLongJournal) return {};
  Keeping keeping;
  const auto events = read_journal(
      file_.path(),
      {[&](const Change& change) { return keeping.is_enough(change); }, Reach::Beginning::Counts});
  if (!events) return fail(events.error());
  if (fold(*events).unfinished() != nullptr) return {};
  KeptEvents kept = events_to_keep(*events);
  const bool came_to_the_beginning = keeping.changes < kMostChangesForScaling;
  kept.tell_of_scaling =
      keeping.reaches_scaling || (came_to_the_beginning && (!beginning || beginning->tells_of_scaling));
  Status archived = archive_journal(file_.path(), app_, kept);
  file_ = LineFile(file_.path());
  return archived;
}

}  // namespace rollctl
