// SPDX-License-Identifier: MIT
// A journal is read from its end: the cost depends on the question, not on the journal's age.
#include "state/journal_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/backward_lines.h"
#include "base/own_file.h"
#include "process/event_codec.h"
#include "state/journal_archive.h"

namespace rollctl {

namespace {

// Searches the text, which is faster than parsing: within a string the quotes would be escaped. A line that
// another program wrote may have blanks in the member; such a line is parsed.
std::string name_in(std::string_view line) {
  constexpr std::string_view kMember = R"("event":")";
  const size_t member = line.find(kMember);
  if (member != std::string_view::npos) {
    const std::string_view rest = line.substr(member + kMember.size());
    return std::string(rest.substr(0, rest.find('"')));
  }
  const auto event = parse_event_line(line);
  return event ? std::string(event_name(*event)) : std::string();
}

// Events of shims, which the state does not depend on.
bool is_for_people(std::string_view name) {
  return name == InstanceExited::kName || name == InstanceRestarted::kName ||
         name == InstanceDraining::kName || name == InstanceLingering::kName ||
         name == InstanceDrained::kName;
}

// Takes lines, the last one first, and keeps the events that fold() needs.
class Gathering {
 public:
  Gathering(Reach::Enough is_enough, Reach::Drains drains)
      : is_enough_(std::move(is_enough)), drains_(drains) {}

  void take(std::string_view line) {
    const std::string name = name_in(line);
    if (name.starts_with("deploy.")) return take_change(line);
    const bool is_launch = name == InstanceStarting::kName;
    if (drains_ == Reach::Drains::AreRead && name == InstanceDrained::kName) {
      if (auto event = parse_event_line(line)) keep(std::move(*event));
      return;
    }
    if (last_change_ == LastChange::Open && !is_for_people(name)) {
      if (auto event = parse_event_line(line)) keep(std::move(*event));
    } else if (is_launch && !has_launch_) {
      if (auto event = parse_event_line(line)) keep(std::move(*event));
    }
  }

  // Ids only grow, so the last launch is enough to know the last id.
  [[nodiscard]] bool is_complete() const { return is_complete_ && has_launch_; }

  [[nodiscard]] std::vector<Event> oldest_first() && {
    std::reverse(events_.begin(), events_.end());
    return std::move(events_);
  }

  void keep(Event event) {
    has_launch_ = has_launch_ || is<InstanceStarting>(event);
    events_.push_back(std::move(event));
  }

 private:
  // Known once the beginning or the end of the last change was read.
  enum class LastChange { Open, Known };

  void take_change(std::string_view line) {
    auto event = parse_event_line(line);
    if (!event) return;  // torn by a crash
    if (const auto* finished = std::get_if<DeployFinished>(&event->body)) {
      Change told;
      end_change(*finished, told);
      if (told.has_ended() && last_change_ == LastChange::Open) leave_out_what_came_later();
      // The earliest end counts; any end counts before a NeedsAttention.
      if (!ending_ || told.has_ended()) ending_ = *finished;
      keep(std::move(*event));
    } else if (const auto* started = std::get_if<DeployStarted>(&event->body)) {
      last_change_ = LastChange::Known;
      Change change = begin_change(*event, *started);
      if (ending_) end_change(*ending_, change);
      ending_.reset();
      keep(std::move(*event));
      is_enough_now_ = is_enough_(change) || is_enough_now_;
      is_complete_ = is_complete_ || (is_enough_now_ && change.has_completed());
    }
  }

  // Of the events after the last change, the state depends only on the ids of launches, and on ends of
  // drains.
  void leave_out_what_came_later() {
    last_change_ = LastChange::Known;
    const auto launch = std::find_if(events_.begin(), events_.end(), is<InstanceStarting>);
    std::vector<Event> kept;
    for (auto event = events_.begin(); event != events_.end(); ++event)
      if (event == launch || is<InstanceDrained>(*event)) kept.push_back(std::move(*event));
    events_ = std::move(kept);
  }

  Reach::Enough is_enough_;
  Reach::Drains drains_;
  std::vector<Event> events_;
  std::optional<DeployFinished> ending_;  // of the change whose beginning comes next
  LastChange last_change_ = LastChange::Open;
  bool has_launch_ = false;
  bool is_enough_now_ = false;
  bool is_complete_ = false;
};

Status gather(int fd, off_t begin, off_t end, Gathering& gathering) {
  BackwardLines lines(fd, begin, end);
  while (!gathering.is_complete()) {
    const auto line = lines.next();
    if (!line) break;
    gathering.take(*line);
  }
  if (lines.os_error() != 0) return fail(os_failure("cannot read", lines.os_error()));
  return {};
}

bool counts(const JournalBeginning& beginning, Reach::Beginning wish) {
  return wish == Reach::Beginning::Counts ||
         (wish == Reach::Beginning::CountsWhereItTellsOfScaling && beginning.tells_of_scaling);
}

// The archive that the file continues, if there is more to read.
Result<std::string> gather_file(int fd, Reach::Beginning wish, Gathering& gathering) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return fail(last_os_failure("cannot look at"));
  const auto beginning = read_journal_beginning(fd);
  if (Status read = gather(fd, beginning ? beginning->end : 0, info.st_size, gathering); !read)
    return fail(read.error());
  if (!beginning || gathering.is_complete()) return std::string();
  if (!counts(*beginning, wish)) return beginning->archive;
  if (Status read = gather(fd, 0, beginning->end, gathering); !read) return fail(read.error());
  return std::string();
}

}  // namespace

Result<std::vector<Event>> read_journal(const std::string& path, const Reach& reach) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const Status trusted = check_own_folder(folder);
  if (!trusted && trusted.error().kind == ErrorKind::NotFound) return std::vector<Event>();
  if (!trusted) return fail(trusted.error());
  Gathering gathering(reach.is_enough, reach.drains);
  for (std::string file = path; !file.empty();) {
    const auto fd = open_own_file(file, O_RDONLY);
    // An archive may have been deleted, too.
    if (!fd && fd.error().kind == ErrorKind::NotFound) break;
    if (!fd) return fail(fd.error());
    const auto before = gather_file(fd->get(), reach.beginning, gathering);
    if (!before) return fail(with_context(before.error(), file));
    file = before->empty() ? "" : (folder / *before).string();
  }
  return std::move(gathering).oldest_first();
}

Result<History> read_history(const std::string& path, const Reach& reach) {
  const auto events = read_journal(path, reach);
  if (!events) return fail(events.error());
  return fold(*events);
}

Reach Reach::state() {
  return {[](const Change&) { return true; }, Beginning::Counts};
}

Reach Reach::changes(size_t count) {
  return {[left = count](const Change&) mutable { return left <= 1 || --left == 0; }, Beginning::IsPassedOver,
          Drains::AreRead};
}

Reach Reach::rollback() {
  return {[chain = RollbackChain()](const Change& change) mutable {
            return change.has_completed() && chain.link_of(change) == RollbackChain::Link::Target;
          },
          Beginning::Counts};
}

Reach Reach::scaling() {
  return {[instances = std::optional<int>()](const Change& change) mutable {
            if (change.outcome != Outcome::Deployed || change.command == AppCommand::Stop) return false;
            const bool is_other = instances && *instances != change.instances;
            instances = change.instances;
            return is_other || change.command == AppCommand::Scale;
          },
          Beginning::CountsWhereItTellsOfScaling};
}

Reach Reach::release(std::string release) {
  return {[release = std::move(release)](const Change& change) {
            return change.has_completed() && change.release == release;
          },
          Beginning::IsPassedOver};
}

Reach Reach::generation(int64_t generation) {
  return {[generation](const Change& change) {
            return change.has_completed() && change.generation == generation;
          },
          Beginning::IsPassedOver};
}

Reach Reach::all() {
  return {[](const Change&) { return false; }, Beginning::IsPassedOver};
}

}  // namespace rollctl
